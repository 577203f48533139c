// The live list: a pause switch that holds its polling, and rows that open where they are clicked.
document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  const button = event.target.closest("[data-pause]");
  if (button) {
    const paused = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(paused));
    document.body.toggleAttribute("data-paused", paused);
    return;
  }
  const row = event.target.closest("[data-opens]");
  const opener = row?.querySelector("button");
  if (opener && !event.target.closest("a, button")) opener.click();
});

// Polling also rests in a tab nobody looks at; it catches up with the next tick once the tab is seen again.
document.addEventListener("htmx:before:request", (event) => {
  const { sourceElement, sourceEvent } = /** @type {CustomEvent} */ (event).detail.ctx;
  if (!(sourceElement instanceof Element) || !sourceElement.matches("[data-poll]")) return;
  if (sourceEvent?.type !== "every") return;
  if (document.hidden || document.body.hasAttribute("data-paused")) event.preventDefault();
});
