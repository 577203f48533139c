// Draws every [data-chart] from the JSON block it names. The numbers come ready from the server; nothing is counted here.
import { BarChart, LineChart, SankeyChart } from "echarts/charts";
import { AriaComponent, GridComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { flowOption } from "./flows.js";
import { tooltip } from "./tooltip.js";

echarts.use([LineChart, BarChart, SankeyChart, GridComponent, TooltipComponent, AriaComponent, CanvasRenderer]);

/**
 * @typedef {{name: string, data: number[], color: number, earlier?: boolean}} Series
 * @typedef {{type: "line" | "bar" | "area", labels: string[], titles: string[], series: Series[], unfinished: boolean, stacked?: boolean, unit?: "usd"}} Chart
 */

const probe = document.createElement("span");
const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

/**
 * The value of a colour variable as a canvas understands it: the UI kit writes some as functions of the theme.
 * @param {string} name
 */
function css(name) {
  document.body.append(probe);
  probe.style.color = `var(${name})`;
  const computed = getComputedStyle(probe).color;
  probe.remove();
  if (!brush) return computed;
  brush.fillStyle = computed;
  brush.clearRect(0, 0, 1, 1);
  brush.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = brush.getImageData(0, 0, 1, 1).data;
  return `rgba(${red}, ${green}, ${blue}, ${(alpha ?? 255) / 255})`;
}

/** @param {number} index */
const color = (index) => css(`--series-${index % 10}`);

const dollars = new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumSignificantDigits: 3 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/**
 * The newest bucket of a range that ends now is still filling: its stretch is dashed, its bar pale.
 * @param {Chart} chart
 * @param {Series} series
 * @returns {object[]}
 */
function marks(chart, series) {
  const last = series.data.length - 1;
  const shared = { name: series.name, color: color(series.color), animation: false, emphasis: { disabled: true } };
  if (chart.type === "bar") {
    const data = series.data.map((value, index) =>
      series.earlier || (chart.unfinished && index === last) ? { value, itemStyle: { opacity: 0.45 } } : value,
    );
    if (chart.stacked) return [{ ...shared, type: "bar", data, barMaxWidth: 48, stack: "all" }];
    return [{ ...shared, type: "bar", data, barMaxWidth: 48, itemStyle: { borderRadius: [2, 2, 0, 0] } }];
  }
  const line = {
    ...shared,
    type: "line",
    symbol: "circle",
    symbolSize: 6,
    showSymbol: series.data.length < 3,
    lineStyle: { width: 2 },
    areaStyle: chart.type === "area" ? { opacity: 0.14 } : undefined,
  };
  if (series.earlier) {
    return [{ ...line, data: series.data, lineStyle: { width: 1.5, type: [1, 3], opacity: 0.8 }, areaStyle: undefined }];
  }
  if (!chart.unfinished || last < 1) return [{ ...line, data: series.data }];
  const solid = series.data.map((value, index) => (index === last ? null : value));
  const dashed = series.data.map((value, index) => (index >= last - 1 ? value : null));
  return [
    { ...line, data: solid },
    { ...line, data: dashed, lineStyle: { width: 2, type: [4, 4] }, areaStyle: undefined },
  ];
}

/** @param {Chart} chart */
function option(chart) {
  const text = css("--tblr-secondary");
  const rule = css("--tblr-border-color");
  return {
    aria: { enabled: false },
    grid: { left: 8, right: 16, top: 16, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    tooltip: {
      trigger: "axis",
      axisPointer: { type: chart.type === "bar" ? "shadow" : "line", lineStyle: { color: rule } },
      className: "chart-tooltip",
      // Our own nodes, filled with textContent: event names and property values are strangers' text.
      formatter: (/** @type {any} */ points) => tooltip(chart, points),
      transitionDuration: 0,
      confine: true,
    },
    xAxis: {
      type: "category",
      data: chart.labels,
      boundaryGap: chart.type === "bar",
      axisTick: { show: false },
      axisLine: { lineStyle: { color: rule } },
      axisLabel: { color: text, hideOverlap: true },
    },
    yAxis: {
      type: "value",
      minInterval: chart.unit ? undefined : 1,
      splitNumber: 4,
      axisLabel: {
        color: text,
        formatter: (/** @type {number} */ value) => (chart.unit ? dollars : compact).format(value),
      },
      splitLine: { lineStyle: { color: rule, type: "dashed" } },
    },
    series: chart.series.flatMap((series) => marks(chart, series)),
  };
}

/** @param {Element} host */
function draw(host) {
  const source = document.getElementById(host.getAttribute("data-chart") ?? "");
  if (!(host instanceof HTMLElement) || !source?.textContent) return;
  const chart = /** @type {Chart | import("./flows.js").Flow} */ (JSON.parse(source.textContent));
  const instance = echarts.getInstanceByDom(host) ?? echarts.init(host, null, { renderer: "canvas" });
  const drawn = chart.type === "flow" ? flowOption(chart, { text: css("--tblr-body-color"), color }) : option(chart);
  instance.setOption(/** @type {any} */ (drawn), { notMerge: true });
  host.setAttribute("data-drawn", "");
}

function drawAll() {
  document.querySelectorAll("[data-chart]").forEach(draw);
}

drawAll();
document.addEventListener("DOMContentLoaded", drawAll);
document.addEventListener("htmx:after:swap", drawAll);
window.addEventListener("baleen:theme", drawAll);
window.addEventListener("resize", () => {
  for (const host of document.querySelectorAll("[data-chart][data-drawn]")) {
    if (host instanceof HTMLElement) echarts.getInstanceByDom(host)?.resize();
  }
});
document.addEventListener("htmx:before:cleanup", (event) => {
  const gone = event.target;
  if (gone instanceof HTMLElement && gone.matches("[data-drawn]")) echarts.getInstanceByDom(gone)?.dispose();
});
