// <button data-copy="#id"> copies the text of that element and says so for a moment.
document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
  if (!(button instanceof HTMLElement)) return;
  const source = document.querySelector(button.dataset.copy ?? "");
  if (!source) return;
  const text = source instanceof HTMLInputElement ? source.value : (source.textContent ?? "").trim();
  const done = await copy(text, source);
  const label = button.querySelector("[data-copy-label]");
  if (!label) return;
  const before = label.textContent;
  label.textContent = done ? "Copied" : "Press Ctrl+C";
  window.setTimeout(() => (label.textContent = before), 1600);
});

/**
 * The clipboard API needs a secure origin; a dashboard on plain http in a home network still gets a selection.
 * @param {string} text
 * @param {Element} source
 */
async function copy(text, source) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    window.getSelection()?.selectAllChildren(source);
    return false;
  }
}
