/** What the panels of a grid have in common: their runs, the names and colours of these, their groups, the cursor. */

import { createContext, useContext } from "react";
import type { Comment } from "../api/comments";
import { Focus } from "../charts/focus";
import type { Facts } from "../lib/facts";
import type { Range } from "../lib/scales";
import type { ChartSettings, Panel, PanelSettings } from "../lib/settings";
import type { Names } from "./useTraces";

export interface Grid {
  runs: readonly string[];
  facts: readonly Facts[];
  /** What was said of the runs, of which only the first have been asked for. */
  comments: readonly Comment[];
  keys: readonly string[];
  names: Names;
  groups(column: string): Record<string, string[]>;
  settings: PanelSettings;
  /** `push` makes a step that one can go back. */
  change(settings: PanelSettings, how?: "push" | "replace"): void;
  edit(panel: Panel, isNew?: boolean): void;
  focus: Focus;
  pick?(run: string): void;
  /** The runs within the brushes of a parallel chart, which alone are drawn in the other panels; null for all. */
  brushed: ReadonlySet<string> | null;
  brush(runs: string[] | null): void;
  /** The brushes of a panel: they outlive its chart, which is there only while it is in view. */
  brushesOf(panel: string): Map<string, Range>;
}

export const GridContext = createContext<Grid>({
  runs: [],
  facts: [],
  comments: [],
  keys: [],
  names: { label: run => run, look: () => ({ colour: 0, dash: 0 }) },
  groups: () => ({}),
  settings: undefined as unknown as PanelSettings,
  change: () => undefined,
  edit: () => undefined,
  focus: new Focus(),
  brushed: null,
  brush: () => undefined,
  brushesOf: () => new Map(),
});

export const useGrid = () => useContext(GridContext);

/** The settings with one chart's changed: of a panel that made itself, beside it; of one's own, in it. */
export function withChart(
  settings: PanelSettings,
  panel: Panel | null,
  changed: Partial<ChartSettings>,
): PanelSettings {
  if (!panel) return { ...settings, all: { ...settings.all, ...changed } };
  if (settings.panels.some(own => own.id === panel.id))
    return {
      ...settings,
      panels: settings.panels.map(own =>
        own.id === panel.id ? { ...own, own: { ...own.own, ...changed } } : own,
      ),
    };
  return { ...settings, own: { ...settings.own, [panel.id]: { ...settings.own[panel.id], ...changed } } };
}
