// <baleen-combobox> wraps a <select> and lays a search box and a list over it; without script the select itself works.
// Follows the ARIA authoring practices' combobox with a listbox popup: arrows move, Enter picks, Escape closes.
let counter = 0;

class Combobox extends HTMLElement {
  connectedCallback() {
    const select = this.querySelector("select");
    if (!select || this.querySelector("button")) return;
    this.select = select;
    select.hidden = true;

    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.className = "form-select text-start text-truncate";
    this.button.setAttribute("aria-haspopup", "listbox");
    this.button.setAttribute("aria-expanded", "false");
    this.button.setAttribute("aria-label", select.getAttribute("aria-label") ?? "Choose");
    this.button.addEventListener("click", () => (this.panel ? this.close() : this.open()));
    this.append(this.button);
    this.show();
  }

  show() {
    const option = this.select?.selectedOptions[0];
    if (!this.button || !option) return;
    this.button.textContent = option.textContent;
    this.button.title = option.textContent ?? "";
    this.button.setAttribute("aria-label", `${this.select?.getAttribute("aria-label") ?? "Choose"}: ${option.textContent}`);
  }

  open() {
    const id = `combobox-${(counter += 1)}`;
    this.panel = document.createElement("div");
    this.panel.className = "combobox-panel card";
    this.input = document.createElement("input");
    this.input.className = "form-control form-control-sm";
    this.input.placeholder = "Search";
    this.input.setAttribute("role", "combobox");
    this.input.setAttribute("aria-controls", id);
    this.input.setAttribute("aria-expanded", "true");
    this.input.setAttribute("aria-autocomplete", "list");
    this.input.setAttribute("aria-label", `Search: ${this.select?.getAttribute("aria-label") ?? "options"}`);
    // The search text is no field of the form around it.
    this.input.addEventListener("input", (event) => (event.stopPropagation(), this.fill()));
    this.input.addEventListener("change", (event) => event.stopPropagation());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.list = document.createElement("ul");
    this.list.id = id;
    this.list.setAttribute("role", "listbox");
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const item = event.target instanceof Element ? event.target.closest("[role=option]") : null;
      if (item) this.pick(item.getAttribute("data-value") ?? "");
    });
    this.panel.append(this.input, this.list);
    this.append(this.panel);
    this.button?.setAttribute("aria-expanded", "true");
    this.fill();
    this.input.focus();
    this.input.addEventListener("blur", () => this.close());
  }

  close() {
    // Removing the panel takes the focus away, and that closes again: forget it first.
    const panel = this.panel;
    this.panel = undefined;
    panel?.remove();
    this.button?.setAttribute("aria-expanded", "false");
  }

  fill() {
    const wanted = this.input?.value.trim().toLowerCase() ?? "";
    const options = [...(this.select?.options ?? [])].filter((option) => option.text.toLowerCase().includes(wanted));
    const items = options.slice(0, 200).map((option, index) => {
      const item = document.createElement("li");
      item.id = `${this.list?.id}-${index}`;
      item.setAttribute("role", "option");
      item.setAttribute("data-value", option.value);
      item.setAttribute("aria-selected", String(option.value === this.select?.value));
      item.textContent = option.text;
      item.title = option.text;
      return item;
    });
    if (!items.length) {
      const empty = document.createElement("li");
      empty.className = "text-secondary";
      empty.textContent = "Nothing found";
      items.push(empty);
    }
    this.list?.replaceChildren(...items);
    this.mark(wanted ? 0 : Math.max(0, options.findIndex((option) => option.value === this.select?.value)));
  }

  /** @param {number} index */
  mark(index) {
    const items = [...(this.list?.querySelectorAll("[role=option]") ?? [])];
    items.forEach((item, position) => item.toggleAttribute("data-active", position === index));
    const active = items[index];
    if (!active) return;
    this.active = index;
    this.input?.setAttribute("aria-activedescendant", active.id);
    active.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const items = this.list?.querySelectorAll("[role=option]") ?? [];
    const index = this.active ?? 0;
    if (event.key === "ArrowDown") this.mark(Math.min(index + 1, items.length - 1));
    else if (event.key === "ArrowUp") this.mark(Math.max(index - 1, 0));
    else if (event.key === "Enter") this.pick(items[index]?.getAttribute("data-value") ?? null);
    else if (event.key === "Escape") this.leave();
    else return;
    event.preventDefault();
  }

  leave() {
    this.close();
    this.button?.focus();
  }

  /** @param {string | null} value */
  pick(value) {
    if (this.select && value !== null && value !== this.select.value) {
      this.select.value = value;
      this.show();
      this.select.dispatchEvent(new Event("change", { bubbles: true }));
    }
    this.leave();
  }
}

customElements.define("baleen-combobox", Combobox);
