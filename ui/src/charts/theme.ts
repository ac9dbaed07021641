/** The page's colours and font, as a canvas needs them. */

import { COLOURS, DASHES, type Look } from "../lib/colours";

export interface Theme {
  dark: boolean;
  page: string;
  text: string;
  muted: string;
  border: string;
  accent: string;
  font: string;
  series: string[];
}

/** What the variables of `styles/tokens.css` are at this element. */
export function themeOf(element: Element): Theme {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    dark: document.documentElement.dataset.theme === "dark",
    page: token("--bg"),
    text: token("--text"),
    muted: token("--text-muted"),
    border: token("--border"),
    accent: token("--accent"),
    font: style.fontFamily,
    series: Array.from({ length: COLOURS }, (_, number) => token(`--series-${number + 1}`)),
  };
}

export interface Ink {
  colour: string;
  dash: readonly number[];
}

export const inkOf = (look: Look, theme: Theme): Ink => ({
  colour: theme.series[look.colour] ?? theme.text,
  dash: DASHES[look.dash] ?? [],
});

/** Calls back when the theme of the page has changed, until what it gave back is called. */
export function onTheme(callback: () => void): () => void {
  document.addEventListener("assay:theme", callback);
  return () => document.removeEventListener("assay:theme", callback);
}
