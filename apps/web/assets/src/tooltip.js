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
 * A title over rows of a name and its value.
 * @param {string} title
 * @param {{color: number, name: string, value: string}[]} rows
 */
export function card(title, rows) {
  const box = document.createElement("div");
  box.append(node("div", title, "chart-tooltip-title"));
  for (const row of rows) {
    const line = node("div", "", "chart-tooltip-row");
    line.append(
      node("span", "", `swatch swatch-${row.color % 10}`),
      node("span", row.name, "chart-tooltip-name"),
      node("span", row.value, "chart-tooltip-value"),
    );
    box.append(line);
  }
  return box;
}

/**
 * @param {import("./charts.js").Chart} chart
 * @param {{dataIndex: number}[]} points
 */
export function tooltip(chart, points) {
  const index = points[0]?.dataIndex ?? 0;
  const unfinished = chart.unfinished && index === chart.labels.length - 1;
  const rows = chart.series
    .map((series) => ({ name: series.name, value: series.data[index] ?? 0, color: series.color }))
    .sort((one, other) => other.value - one.value);
  const numbers = chart.unit ? dollars : exact;
  const box = card(
    (chart.titles[index] ?? "") + (unfinished ? " (so far)" : ""),
    rows.slice(0, MOST).map((row) => ({ ...row, value: numbers.format(row.value) })),
  );
  if (rows.length > MOST) box.append(node("div", `and ${rows.length - MOST} more`, "text-secondary"));
  return box;
}
