/**
 * Series for many panels at once. What is asked for within a moment goes out as few requests, each for many metrics; a
 * request that nobody waits for any more is called off.
 */

import { send } from "./client";
import { readBands, readSeries, SERIES_TYPE, type SeriesBand, type SeriesChart } from "./series";

/** What one chart needs of one metric. */
export interface Ask {
  key: string;
  x: string;
  xMetric: string;
  low: number | null;
  high: number | null;
  buckets: number;
  /** Runs, or runs by the names of their groups. */
  of: readonly string[] | Readonly<Record<string, readonly string[]>>;
  quantiles?: readonly number[];
}

export type Answered = { chart: SeriesChart | null; bands: SeriesBand[] };

interface Waiting {
  ask: Ask;
  done(answered: Answered): void;
  failed(error: unknown): void;
  signal?: AbortSignal;
}

const MOMENT_MS = 12;
const KEYS = 200; // the server's bounds
const ROWS = 2_000_000;
const ROWS_AT_ONCE = 400_000; // about 20 MB, which come while the next ones are made
const FINEST = 10_000;
const AT_ONCE = 3; // a browser has six connections to a server, and the stream of changes has one of them

export class Loader {
  private waiting: Waiting[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;
  private queue: (() => Promise<void>)[] = [];
  private running = 0;

  /** How many requests went out; for tests and curious people. */
  requests = 0;

  constructor(private readonly post: typeof send = send) {}

  /** The answer for one metric. Throws ApiError, or AbortError where the signal said so. */
  async load(ask: Ask, signal?: AbortSignal): Promise<Answered> {
    const found = await this.put(ask, signal);
    const chart = found.chart;
    if (!chart || chart.exponent <= 0 || ask.x === "metric") return found;
    // Each point has a bucket to itself: finer buckets are no more of them, and tell the places exactly.
    const alone = chart.lines.every(line => line.columns.count.every(count => count <= 1));
    const buckets = Math.min(FINEST, Math.floor(ROWS / Math.max(1, sizeOf(ask))));
    return alone && buckets > ask.buckets ? this.put({ ...ask, buckets }, signal) : found;
  }

  private put(ask: Ask, signal?: AbortSignal): Promise<Answered> {
    return new Promise((done, failed) => {
      if (signal?.aborted) {
        failed(new DOMException("called off", "AbortError"));
        return;
      }
      this.waiting.push({ ask, done, failed, signal });
      this.timer ??= setTimeout(() => this.flush(), MOMENT_MS);
    });
  }

  private flush(): void {
    this.timer = null;
    const together = new Map<string, Waiting[]>();
    for (const one of this.waiting) {
      const { key: _, ...rest } = one.ask;
      const same = JSON.stringify(rest);
      const known = together.get(same);
      if (known) known.push(one);
      else together.set(same, [one]);
    }
    this.waiting = [];
    for (const some of together.values()) {
      const { ask } = some[0] as Waiting;
      const most = Math.max(1, Math.min(KEYS, Math.floor(ROWS_AT_ONCE / (sizeOf(ask) * ask.buckets))));
      for (let at = 0; at < some.length; at += most) {
        const part = some.slice(at, at + most);
        this.queue.push(() => this.request(part));
      }
    }
    this.next();
  }

  private next(): void {
    while (this.running < AT_ONCE && this.queue.length) {
      const start = this.queue.shift() as () => Promise<void>;
      this.running += 1;
      void start().finally(() => {
        this.running -= 1;
        this.next();
      });
    }
  }

  private async request(all: Waiting[]): Promise<void> {
    const some = all.filter(({ signal }) => !signal?.aborted);
    for (const one of all) if (!some.includes(one)) one.failed(new DOMException("called off", "AbortError"));
    const [first] = some;
    if (!first) return;
    const off = new AbortController();
    const heed = () => some.every(({ signal }) => signal?.aborted) && off.abort();
    for (const { signal } of some) signal?.addEventListener("abort", heed);
    try {
      this.requests += 1;
      const { ask } = first;
      const grouped = !Array.isArray(ask.of);
      const answer = await this.post("POST", `/api/v1/${grouped ? "bands" : "series"}`, {
        body: JSON.stringify(bodyOf(ask, [...new Set(some.map(one => one.ask.key))])),
        headers: { "Content-Type": "application/json", Accept: SERIES_TYPE },
        signal: off.signal,
      });
      const body = await answer.arrayBuffer();
      const charts = grouped ? [] : readSeries(body);
      const bands = grouped ? readBands(body).bands : [];
      for (const one of some) {
        const { key } = one.ask;
        one.done({
          chart: charts.find(chart => chart.key === key) ?? null,
          bands: bands.filter(band => band.key === key),
        });
      }
    } catch (error) {
      for (const one of some) one.failed(error);
    } finally {
      for (const { signal } of some) signal?.removeEventListener("abort", heed);
    }
  }
}

/** How many lines an answer has for one metric, contexts aside. */
function sizeOf({ of }: Ask): number {
  return Array.isArray(of) ? of.length : Object.values(of).reduce((sum, runs) => sum + runs.length, 0);
}

function bodyOf(ask: Ask, keys: string[]): Record<string, unknown> {
  const body: Record<string, unknown> = { keys, buckets: ask.buckets, x: ask.x };
  if (ask.x === "metric") body.x_metric = ask.xMetric;
  if (ask.low !== null) body.low = ask.low;
  if (ask.high !== null) body.high = ask.high;
  if (Array.isArray(ask.of)) body.runs = ask.of;
  else {
    body.groups = ask.of;
    body.quantiles = ask.quantiles ?? [];
  }
  return body;
}

export const loader = new Loader();
