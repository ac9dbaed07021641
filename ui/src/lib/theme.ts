/** Light, dark, or as the system has it; kept in this browser. */
export type Theme = "system" | "light" | "dark";

const KEPT = "assay.theme";
const DARK = "(prefers-color-scheme: dark)";

/** What was chosen here last. */
export function chosenTheme(): Theme {
  const kept = localStorage.getItem(KEPT);
  return kept === "light" || kept === "dark" ? kept : "system";
}

/** Whether the page is dark now. */
export function isDark(theme: Theme = chosenTheme()): boolean {
  return theme === "dark" || (theme === "system" && matchMedia(DARK).matches);
}

function apply(): void {
  const theme = isDark() ? "dark" : "light";
  if (document.documentElement.dataset.theme === theme) return;
  document.documentElement.dataset.theme = theme;
  document.dispatchEvent(new CustomEvent("assay:theme", { detail: theme }));
}

/** The page has this theme from now on, and so have later visits. */
export function chooseTheme(theme: Theme): void {
  localStorage.setItem(KEPT, theme);
  apply();
}

/** The page has the chosen theme and follows the system; `assay:theme` on the document tells canvases of a change. */
export function startTheme(): void {
  apply();
  matchMedia(DARK).addEventListener("change", apply);
  addEventListener("storage", event => event.key === KEPT && apply());
}
