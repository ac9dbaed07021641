/** How a table of runs is seen, as it stands in the address; a saved view keeps the same text. */

export type Mode = "table" | "split" | "charts";

export interface ViewState {
  filter: string;
  /** Sort keys as the grammar has them: `metrics.loss DESC`. */
  order: string[];
  view: "active" | "deleted";
  /** As `encodeColumns` writes them; empty: the usual ones. */
  columns: string;
  /** `params.KEY` or `tags.KEY`; empty: not grouped. */
  group: string;
  mode: Mode;
  /** The runs whose curves are drawn; null: the first ones of the table. */
  drawn: string[] | null;
  /** What the panels of charts keep. */
  panels: string;
}

export const USUAL: ViewState = {
  filter: "",
  order: [],
  view: "active",
  columns: "",
  group: "",
  mode: "table",
  drawn: null,
  panels: "",
};

const MODES: readonly string[] = ["table", "split", "charts"];
export const DRAWN_BOUND = 100;
const ORDER_BOUND = 5;

/** What the address says; what it does not say is as usual. */
export function readView(params: URLSearchParams): ViewState {
  const mode = params.get("mode") ?? "";
  const drawn = params.get("drawn");
  return {
    filter: params.get("q") ?? "",
    order: params.getAll("sort").filter(Boolean).slice(0, ORDER_BOUND),
    view: params.get("view") === "deleted" ? "deleted" : "active",
    columns: params.get("cols") ?? "",
    group: params.get("group") ?? "",
    mode: MODES.includes(mode) ? (mode as Mode) : USUAL.mode,
    drawn: drawn === null ? null : drawn.split(",").filter(Boolean).slice(0, DRAWN_BOUND),
    panels: params.get("panels") ?? "",
  };
}

/** The address of a view; what is as usual is left out, and what is not of the view stays. */
export function writeView(state: ViewState, params = new URLSearchParams()): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const name of ["q", "sort", "view", "cols", "group", "mode", "drawn", "panels"]) next.delete(name);
  if (state.filter) next.set("q", state.filter);
  for (const order of state.order) next.append("sort", order);
  if (state.view !== "active") next.set("view", state.view);
  if (state.columns) next.set("cols", state.columns);
  if (state.group) next.set("group", state.group);
  if (state.mode !== USUAL.mode) next.set("mode", state.mode);
  if (state.drawn) next.set("drawn", state.drawn.join(","));
  if (state.panels) next.set("panels", state.panels);
  return next;
}

export interface SortKey {
  field: string;
  descending: boolean;
}

export function readSort(text: string): SortKey {
  const match = /^(.*?)(?:\s+(ASC|DESC))?$/is.exec(text.trim());
  return { field: match?.[1] ?? text, descending: match?.[2]?.toUpperCase() === "DESC" };
}

/** The order after a click on a head: first one way, then the other, then none; `added`: beside what there is. */
export function sortedBy(order: readonly string[], field: string, numeric: boolean, added = false): string[] {
  const keys = order.map(readSort);
  const mine = keys.find(key => key.field === field);
  const first = numeric; // of numbers and times, one mostly wants the greatest
  const rest = added ? order.filter(text => readSort(text).field !== field) : [];
  if (!mine) return [...rest, written(field, first)].slice(-ORDER_BOUND);
  if (mine.descending === first) return [...rest, written(field, !first)];
  return [...rest];
}

function written(field: string, descending: boolean): string {
  return `${field} ${descending ? "DESC" : "ASC"}`;
}
