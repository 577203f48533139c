// <time datetime="..." data-relative> reads "12 seconds ago" and keeps counting; the exact time stays in its title.
const format = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const UNITS = /** @type {const} */ ([
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
]);

/** @param {number} seconds how far in the past (negative: in the future) */
function words(seconds) {
  if (Math.abs(seconds) < 2) return "just now";
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS[5];
  return format.format(-Math.trunc(seconds / size), unit);
}

function refresh() {
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const moment = Date.parse(element.getAttribute("datetime") ?? "");
    if (Number.isNaN(moment)) continue;
    const text = words((Date.now() - moment) / 1000);
    if (element.textContent !== text) element.textContent = text;
  }
}

refresh();
window.setInterval(refresh, 1000);
document.addEventListener("DOMContentLoaded", refresh);
document.addEventListener("htmx:after:swap", refresh);
