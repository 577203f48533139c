// Loaded before the first paint: picks light or dark, so that no page flashes in the wrong colours.
const KEY = "baleen.theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");

/** @returns {"light" | "dark"} what the person chose on this device, else what the system says */
function wanted() {
  const chosen = localStorage.getItem(KEY);
  if (chosen === "light" || chosen === "dark") return chosen;
  return system.matches ? "dark" : "light";
}

function apply() {
  document.documentElement.setAttribute("data-bs-theme", wanted());
  window.dispatchEvent(new Event("baleen:theme"));
}

apply();
system.addEventListener("change", apply);
window.addEventListener("storage", (event) => event.key === KEY && apply());
document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element) || !event.target.closest("[data-theme-toggle]")) return;
  localStorage.setItem(KEY, wanted() === "dark" ? "light" : "dark");
  apply();
});
