// What every page loads: htmx, the UI kit's widgets, and our own small behaviours. Each module attaches to data
// attributes, so a template says what it wants without any inline script (the Content-Security-Policy forbids those).
import "@tabler/core/dist/js/tabler.esm.min.js";
import htmx from "htmx.org";
import "./clipboard.js";
import "./combobox.js";
import "./confirm.js";
import "./elapsed.js";
import "./live.js";
import "./relative-time.js";
import "./rows.js";

/** @type {any} */ (window).htmx = htmx;

// Forms that ask a question on every change of theirs carry the CSRF token of the page in htmx's own header.
document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = /** @type {CustomEvent} */ (event).detail;
  const token = document.querySelector("meta[name=csrf-token]")?.getAttribute("content");
  if (token && ctx.request.method !== "GET") ctx.request.headers["X-CSRFToken"] = token;
});

// A select that leads somewhere else, such as the project switcher on a phone.
document.addEventListener("change", (event) => {
  const select = event.target;
  if (select instanceof HTMLSelectElement && select.matches("[data-navigate]")) window.location.assign(select.value);
});
