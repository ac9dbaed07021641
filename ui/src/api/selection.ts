/** Which runs, in which order, and how a page of them is asked for. */

export interface Selection {
  /** By id; all without. */
  experiments: readonly number[];
  filter: string;
  order: readonly string[];
  view: "active" | "deleted" | "all";
}

const FIRST = 60; // what is seen comes first, what follows in larger pieces
const NEXT = 500;

/** The query of a page: the first one without a token. */
export function pageOf({ experiments, filter, order, view }: Selection, token: string | null) {
  const limit = token === null ? FIRST : NEXT;
  return { experiment_id: experiments, filter, order_by: order, view, limit, page_token: token };
}
