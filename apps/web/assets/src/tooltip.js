// The card beside the pointer: the bucket, then each series with its value, largest first.
const exact = new Intl.NumberFormat("en");
const dollars = new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumSignificantDigits: 4 });
const MOST = 12;

/**
 * @param {string} tag
 * @param {string} text
 * @param {string} [className]
 */
function node(tag, text, className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  return element;
}

/**
 * @param {import("./charts.js").Chart} chart
 * @param {{dataIndex: number}[]} points
 */
export function tooltip(chart, points) {
  const box = document.createElement("div");
  const index = points[0]?.dataIndex ?? 0;
  const unfinished = chart.unfinished && index === chart.labels.length - 1;
  box.append(node("div", (chart.titles[index] ?? "") + (unfinished ? " (so far)" : ""), "chart-tooltip-title"));
  const rows = chart.series
    .map((series) => ({ name: series.name, value: series.data[index] ?? 0, color: series.color }))
    .sort((one, other) => other.value - one.value);
  for (const row of rows.slice(0, MOST)) {
    const line = node("div", "", "chart-tooltip-row");
    line.append(
      node("span", "", `swatch swatch-${row.color % 10}`),
      node("span", row.name, "chart-tooltip-name"),
      node("span", (chart.unit ? dollars : exact).format(row.value), "chart-tooltip-value"),
    );
    box.append(line);
  }
  if (rows.length > MOST) box.append(node("div", `and ${rows.length - MOST} more`, "text-secondary"));
  return box;
}
