/** What is known of runs besides their series: the columns of scatter, bar and parallel charts, and groups. */

export interface Facts {
  id: string;
  name: string;
  start_us: number | null;
  end_us: number | null;
  params: Record<string, string>;
  tags: Record<string, string>;
  metrics: Record<string, Extremes>;
}

export interface Extremes {
  last: number | string | null;
  min: number | string | null;
  max: number | string | null;
}

export type Cell = number | string | null;

/** A number as the API tells it: NaN is null, infinity a text. */
export function told(value: number | string | null | undefined): number {
  if (value === "Infinity") return Infinity;
  if (value === "-Infinity") return -Infinity;
  return typeof value === "number" ? value : Number.NaN;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** What a run has in a column: `params.K`, `tags.K`, `metrics.K`, `min(metrics.K)`, `max(metrics.K)`, `duration`, `name`. */
export function cellOf(run: Facts, column: string, nowUs = 0): Cell {
  const [, which, name] = column.match(/^(min|max|last)\((.*)\)$/s) ?? [null, "last", column];
  if (name!.startsWith("metrics.")) {
    const metric = run.metrics[name!.slice(8)];
    const value = metric ? told(metric[which as keyof Extremes]) : Number.NaN;
    return Number.isNaN(value) ? null : value;
  }
  if (column.startsWith("params.")) return numbered(run.params[column.slice(7)]);
  if (column.startsWith("tags.")) return numbered(run.tags[column.slice(5)]);
  if (column === "name") return run.name;
  if (column === "duration" || column === "start_time") {
    if (run.start_us === null) return null;
    return column === "start_time" ? run.start_us : ((run.end_us ?? nowUs) || run.start_us) - run.start_us;
  }
  return null;
}

/** A param is a number where its text is one. */
function numbered(text: string | undefined): Cell {
  if (text === undefined) return null;
  return NUMBER.test(text.trim()) ? Number(text) : text;
}

/** All columns that these runs have, metrics first. */
export function columnsOf(runs: Iterable<Facts>): string[] {
  const metrics = new Set<string>();
  const params = new Set<string>();
  const tags = new Set<string>();
  for (const run of runs) {
    for (const key in run.metrics) metrics.add(`metrics.${key}`);
    for (const key in run.params) params.add(`params.${key}`);
    for (const key in run.tags) if (!key.startsWith("mlflow.")) tags.add(`tags.${key}`);
  }
  return [...[...metrics].sort(), ...[...params].sort(), "duration", "start_time", ...[...tags].sort()];
}

/** Params that tell runs apart: those with more than one value, numbers before texts. */
export function tellingParams(runs: readonly Facts[]): string[] {
  const values = new Map<string, Set<string>>();
  for (const run of runs)
    for (const [key, value] of Object.entries(run.params)) {
      const known = values.get(key) ?? values.set(key, new Set()).get(key)!;
      known.add(value);
    }
  return [...values]
    .filter(([, known]) => known.size > 1)
    .map(([key]) => `params.${key}`)
    .sort();
}

const NONE = "(none)";

/** Runs by what they have in a column; those without it are a group too. In order of names. */
export function groupsOf(runs: Iterable<Facts>, column: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const run of runs) {
    const name = textOf(run, column) ?? NONE;
    const group = found.get(name);
    if (group) group.push(run.id);
    else found.set(name, [run.id]);
  }
  const order = new Intl.Collator("en", { numeric: true });
  return new Map([...found].sort(([a], [b]) => order.compare(a, b)));
}

function textOf(run: Facts, column: string): string | undefined {
  if (column.startsWith("params.")) return run.params[column.slice(7)];
  if (column.startsWith("tags.")) return run.tags[column.slice(5)];
  return String(cellOf(run, column) ?? NONE);
}

/** What is shown of a column's name. */
export const columnTitle = (column: string) =>
  column.replace(/^(params|metrics|tags)\./, "").replace(/\(metrics\./, "(");
