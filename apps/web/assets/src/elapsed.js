// While a question runs, the region it will fill ([data-result]) counts the seconds, so that waiting is never a mystery.
/** @type {WeakMap<Element, number>} */
const timers = new WeakMap();

/** @param {Event} event */
function region(event) {
  const target = /** @type {CustomEvent} */ (event).detail.ctx?.target;
  return target instanceof Element && target.matches("[data-result]") ? target : null;
}

document.addEventListener("htmx:before:request", (event) => {
  const target = region(event);
  if (!target) return;
  stop(target);
  target.setAttribute("aria-busy", "true");
  const started = performance.now();
  const tick = () => {
    for (const label of document.querySelectorAll("[data-elapsed]")) {
      label.textContent = `${((performance.now() - started) / 1000).toFixed(1)} s`;
    }
  };
  timers.set(target, window.setInterval(tick, 100));
});

document.addEventListener("htmx:finally:request", (event) => {
  const target = region(event);
  if (target) stop(target);
});

/** @param {Element} target */
function stop(target) {
  window.clearInterval(timers.get(target));
  target.removeAttribute("aria-busy");
}

// The Stop button of a running question.
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-abort]") : null;
  const source = document.querySelector(button?.getAttribute("data-abort") ?? ":not(*)");
  source?.dispatchEvent(new Event("htmx:abort"));
});

// A server that cannot be reached answers nothing to swap in: say so in the region itself.
document.addEventListener("htmx:error", (event) => {
  const target = region(event);
  const message = document.querySelector("template#unreachable");
  if (target && message instanceof HTMLTemplateElement) target.replaceChildren(message.content.cloneNode(true));
});
