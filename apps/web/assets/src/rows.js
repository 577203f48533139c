// Repeated rows of a form: add from a <template>, remove, move up and down. Letters or numbers in [data-row-mark] follow.
/** @param {Element} list */
function renumber(list) {
  const rows = [...list.querySelectorAll(":scope > [data-row]")];
  const numbers = list.getAttribute("data-rows") === "numbers";
  rows.forEach((row, index) => {
    const mark = row.querySelector("[data-row-mark]");
    if (mark) mark.textContent = numbers ? String(index + 1) : String.fromCharCode(65 + index);
  });
  const most = Number(list.getAttribute("data-most") ?? 20);
  const least = Number(list.getAttribute("data-least") ?? 1);
  for (const row of rows) {
    for (const button of row.querySelectorAll("[data-row-remove]")) button.toggleAttribute("disabled", rows.length <= least);
    for (const button of row.querySelectorAll("[data-row-up]")) button.toggleAttribute("disabled", row === rows[0]);
    for (const button of row.querySelectorAll("[data-row-down]")) button.toggleAttribute("disabled", row === rows.at(-1));
  }
  list.closest("form")?.querySelector("[data-row-add]")?.toggleAttribute("disabled", rows.length >= most);
}

/** @param {Element} list */
function changed(list) {
  renumber(list);
  list.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  const form = button?.closest("form");
  const list = form?.querySelector("[data-rows]");
  if (!button || !form || !list) return;
  const row = button.closest("[data-row]");
  if (button.matches("[data-row-add]")) {
    const template = form.querySelector("template[data-row-template]");
    if (!(template instanceof HTMLTemplateElement)) return;
    list.append(template.content.cloneNode(true));
    changed(list);
    const last = list.lastElementChild?.querySelector("button, select");
    if (last instanceof HTMLElement) last.focus();
  } else if (row && button.matches("[data-row-remove]")) {
    row.remove();
    changed(list);
  } else if (row && button.matches("[data-row-up]")) {
    row.previousElementSibling?.before(row);
    changed(list);
    button.focus();
  } else if (row && button.matches("[data-row-down]")) {
    row.nextElementSibling?.after(row);
    changed(list);
    button.focus();
  }
});

document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-rows]").forEach(renumber));
// A math over a property shows the picker of that property.
document.addEventListener("change", (event) => {
  const select = event.target;
  if (!(select instanceof HTMLSelectElement) || !select.matches("[data-math]")) return;
  const picker = select.closest("[data-row]")?.querySelector("[data-measure]");
  picker?.toggleAttribute("hidden", !select.selectedOptions[0]?.hasAttribute("data-measures"));
});

// Fields that one choice of a select asks for, such as the two days of a custom range: data-shown-for="range=custom".
document.addEventListener("change", (event) => {
  const select = event.target;
  if (!(select instanceof HTMLSelectElement)) return;
  for (const part of select.form?.querySelectorAll("[data-shown-for]") ?? []) {
    const [name, value] = (part.getAttribute("data-shown-for") ?? "").split("=");
    if (name === select.name) part.toggleAttribute("hidden", select.value !== value);
  }
});
