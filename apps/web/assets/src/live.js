// The live list: a pause switch that holds its polling, and a bound on how many rows a long-open tab keeps.
const KEPT_ROWS = 200;

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-pause]") : null;
  if (!button) return;
  const paused = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(paused));
  document.body.toggleAttribute("data-paused", paused);
});

// Polling also rests in a tab nobody looks at; it catches up with the next tick once the tab is seen again.
document.addEventListener("htmx:before:request", (event) => {
  const source = /** @type {CustomEvent} */ (event).detail.ctx?.sourceElement;
  if (!(source instanceof Element) || !source.matches("[data-poll]")) return;
  if (document.hidden || document.body.hasAttribute("data-paused")) event.preventDefault();
});

document.addEventListener("htmx:after:swap", () => {
  for (const list of document.querySelectorAll("[data-live-list]")) {
    for (const row of [...list.children].slice(KEPT_ROWS)) row.remove();
  }
});
