/** Logged values: what is no number, by key and step, whoever logged it. */

export interface LoggedValue {
  key: string;
  step: number;
  time_us: number;
  kind: string;
  document: unknown;
  context?: Record<string, string> | null;
}

/** What is shown of a value. Paths are of files of its run. */
export type Shown =
  | { type: "images"; paths: string[]; captions: string[] }
  | { type: "audio" | "video"; paths: string[]; captions: string[] }
  | { type: "html"; path: string }
  | { type: "text"; text: string; path?: string; characters?: number }
  | { type: "table"; path: string; rows?: number }
  | { type: "histogram"; edges: number[]; counts: number[]; nan: number; infinite: number }
  | { type: "other"; document: unknown; path?: string };

/** The values of one key of a run, by step; several of a step in the order of their times. */
export interface ValueSeries {
  key: string;
  kind: string;
  steps: number[];
  at: ReadonlyMap<number, readonly LoggedValue[]>;
}

export function valueSeries(values: readonly LoggedValue[]): ValueSeries[] {
  const found = new Map<string, LoggedValue[]>();
  for (const value of values) {
    const one = found.get(value.key);
    if (one === undefined) found.set(value.key, [value]);
    else one.push(value);
  }
  return [...found].map(([key, all]) => {
    const at = new Map<number, LoggedValue[]>();
    for (const value of [...all].sort((a, b) => a.step - b.step || a.time_us - b.time_us)) {
      const same = at.get(value.step);
      if (same === undefined) at.set(value.step, [value]);
      else same.push(value);
    }
    return { key, kind: all.at(-1)?.kind ?? "", steps: [...at.keys()], at };
  });
}

/** The steps of several runs, each once, in order. */
export function allSteps(series: readonly Pick<ValueSeries, "steps">[]): number[] {
  return [...new Set(series.flatMap(one => one.steps))].sort((a, b) => a - b);
}

/** The last of the steps that is not after the asked one: runs that log at other steps are seen side by side. */
export function stepAtOrBefore(steps: readonly number[], step: number): number | undefined {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] as number) <= step) low = middle + 1;
    else high = middle;
  }
  return steps[low - 1];
}

/** What to show of a value, of whatever client. What is not as its kind should be is shown as it is. */
export function shownOf(value: LoggedValue): Shown {
  const of = record(value.document);
  const paths = pathsOf(of);
  const captions = captionsOf(of);
  const format = text(of.format);
  switch (value.kind) {
    case "image":
      if (paths.length > 0) return { type: "images", paths, captions };
      break;
    case "figure":
      if (format === "plotly") return { type: "other", document: value.document, path: paths[0] };
      if (paths.length > 0) return { type: "images", paths: paths.slice(0, 1), captions };
      break;
    case "audio":
    case "video":
      if (paths.length > 0) return { type: value.kind, paths, captions };
      break;
    case "html":
      if (paths[0] !== undefined) return { type: "html", path: paths[0] };
      break;
    case "table":
      if (paths[0] !== undefined)
        return { type: "table", path: paths[0], rows: number(of.rows) ?? number(of.nrows) };
      break;
    case "text":
      return textOf(value.document);
    case "histogram":
      return histogramOf(of) ?? { type: "other", document: value.document };
  }
  return { type: "other", document: value.document, path: paths[0] };
}

function textOf(document: unknown): Shown {
  if (typeof document === "string") return { type: "text", text: document };
  const of = record(document);
  if (typeof of.text === "string") return { type: "text", text: of.text };
  const path = pathsOf(of)[0];
  if (typeof of.begin === "string")
    return { type: "text", text: of.begin, path, characters: number(of.characters) };
  return { type: "other", document, path };
}

function histogramOf(of: Record<string, unknown>): Shown | undefined {
  // W&B's has `bins` for the edges and `values` for the counts.
  const edges = numbers(of.edges) ?? numbers(of.bins);
  const counts = numbers(of.counts) ?? numbers(of.values);
  if (edges === undefined || counts === undefined) return undefined;
  if (counts.length > 0 && edges.length !== counts.length + 1) return undefined;
  return { type: "histogram", edges, counts, nan: number(of.nan) ?? 0, infinite: number(of.infinite) ?? 0 };
}

function pathsOf(of: Record<string, unknown>): string[] {
  const all = Array.isArray(of.filenames) ? of.filenames : [of.path];
  return all.filter((path): path is string => typeof path === "string" && path !== "");
}

function captionsOf(of: Record<string, unknown>): string[] {
  const all = Array.isArray(of.captions) ? of.captions : [of.caption];
  return all.map(caption => (typeof caption === "string" ? caption : ""));
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function numbers(value: unknown): number[] | undefined {
  return Array.isArray(value) && value.every(item => number(item) !== undefined)
    ? (value as number[])
    : undefined;
}

const MLFLOW_IMAGE =
  /^images\/(.+)[%+]step[%+](-?\d{1,15})[%+]timestamp[%+](\d{1,15})[%+][^%+/]+\.(?:png|jpg|jpeg|webp)$/;

/** What MLflow's `log_image(key=..., step=...)` keeps: files whose names say key, step and time. */
export function mlflowImages(paths: readonly string[]): LoggedValue[] {
  return paths.flatMap(path => {
    const found = MLFLOW_IMAGE.exec(path);
    if (found === null || path.includes("%compressed") || path.includes("+compressed")) return [];
    const [, key = "", step, timeMs] = found;
    const at = { step: Number(step), time_us: Number(timeMs) * 1_000 };
    return [{ key: key.replaceAll("#", "/"), ...at, kind: "image", document: { path } }];
  });
}
