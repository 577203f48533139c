// A flow of paths: a column of items a step, a band for every way between two of them. The numbers come ready.
import { card } from "./tooltip.js";

const exact = new Intl.NumberFormat("en");
const LABEL_WIDTH = 150;

/**
 * @typedef {{name: string, label: string, depth: number, color: number}} Item
 * @typedef {{source: string, target: string, value: number, from: string, to: string, color: number, took: string}} Way
 * @typedef {{type: "flow", nodes: Item[], links: Way[]}} Flow
 */

/**
 * @param {Flow} flow
 * @param {{text: string, color: (index: number) => string}} look
 */
export function flowOption(flow, look) {
  const labels = new Map(flow.nodes.map((item) => [item.name, item.label]));
  const last = Math.max(...flow.nodes.map((item) => item.depth));
  return {
    aria: { enabled: false },
    tooltip: {
      trigger: "item",
      className: "chart-tooltip",
      formatter: (/** @type {any} */ point) => describe(point),
      transitionDuration: 0,
      confine: true,
    },
    series: [
      {
        type: "sankey",
        animation: false,
        draggable: false,
        left: 8,
        right: LABEL_WIDTH,
        top: 12,
        bottom: 12,
        nodeWidth: 10,
        nodeGap: 14,
        emphasis: { focus: "adjacency" },
        lineStyle: { color: "source", opacity: 0.25, curveness: 0.5 },
        label: {
          color: look.text,
          width: last > 3 ? LABEL_WIDTH * 0.7 : LABEL_WIDTH,
          overflow: "truncate",
          formatter: (/** @type {any} */ point) => labels.get(point.name) ?? point.name,
        },
        data: flow.nodes.map((item) => ({ ...item, itemStyle: { color: look.color(item.color) } })),
        links: flow.links,
      },
    ],
  };
}

/** @param {{dataType: "node" | "edge", value: number, data: Item & Way}} point */
function describe(point) {
  const { data } = point;
  if (point.dataType === "node") {
    return card(`Step ${data.depth + 1}`, [{ color: data.color, name: data.label, value: exact.format(point.value) }]);
  }
  return card(`${data.took} on average`, [
    { color: data.color, name: `${data.from} → ${data.to}`, value: exact.format(point.value) },
  ]);
}
