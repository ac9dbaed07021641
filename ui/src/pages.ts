/** The programs of the pages, which one stands at which address, and what each asks for first. */
import { address } from "./api/address";
import { askEarly } from "./api/early";
import { pageOf } from "./api/selection";
import { readView } from "./lib/viewState";

export const PAGES = {
  experiments: () => import("./pages/experiments/ExperimentsPage"),
  runs: () => import("./pages/runs/RunsPage"),
  run: () => import("./pages/run/RunPage"),
  compare: () => import("./pages/compare/ComparePage"),
};

interface Ahead {
  page: keyof typeof PAGES;
  asks?(id: string, params: URLSearchParams): string[];
}

const BY_ADDRESS: readonly [RegExp, Ahead][] = [
  [/^\/experiments\/?$/, { page: "experiments" }],
  [/^\/experiments\/(\d+)\/?$/, { page: "runs", asks: runsOf }],
  [/^\/runs\/?$/, { page: "runs", asks: (_, params) => runs([], params) }],
  [/^\/runs\/([^/]+)\/?$/, { page: "run" }],
  [/^\/compare\/?$/, { page: "compare" }],
];

/** What the page at an address needs first comes while the frame of all pages does. */
export function fetchPage({ pathname, search }: { pathname: string; search: string }): void {
  for (const [path, { page, asks }] of BY_ADDRESS) {
    const found = path.exec(pathname);
    if (!found) continue;
    PAGES[page]().catch(() => undefined); // who draws the page asks again, and tells
    for (const url of asks?.(found[1] ?? "", new URLSearchParams(search)) ?? []) askEarly(url);
  }
}

function runsOf(id: string, params: URLSearchParams): string[] {
  return [address("/api/v1/experiments/{id}", { id: Number(id) }), ...runs([Number(id)], params)];
}

function runs(experiments: number[], params: URLSearchParams): string[] {
  const { filter, order, view, group } = readView(params);
  return group ? [] : [address("/api/v1/runs", {}, pageOf({ experiments, filter, order, view }, null))];
}
