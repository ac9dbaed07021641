/**
 * Traces: what a line chart draws, made of the server's buckets.
 *
 * A bucket has extremes, so that a trace hides nothing: where many points fall on one pixel, what is drawn there
 * reaches from the least of them to the greatest.
 */

import type { BandColumns, Context, SeriesBand, SeriesChart, SeriesLine } from "../api/series";
import { type Smoothing, smooth } from "./smoothing";

/** Which of a bucket's values its line goes through. */
export type BucketValue = "mean" | "last" | "min" | "max";
/** What is drawn around a group's mean. */
export type Spread = "range" | "deviation" | "quartiles" | "none";

export interface Trace {
  /** Run and context, or a group. */
  id: string;
  run: string | null;
  context: Context;
  /** Middle of each bucket, and how wide it is; ascending, without overlap. */
  x: Float64Array;
  wide: Float64Array;
  /** What the line goes through. */
  y: Float64Array;
  /** The extremes of what lies behind; of a group, its spread. */
  low: Float64Array;
  high: Float64Array;
  count: Float64Array;
  nan: Float64Array;
  /** How many runs of a group count in a bucket; null for a run's own trace. */
  runs: Float64Array | null;
  /** The line as it is shown if it is smoothed, else the same as `y`. */
  shown: Float64Array;
}

export interface Part {
  exponent: number;
  first: number;
}

/** Middles and widths of buckets. Steps and times are whole numbers: the last one of a bucket lies one below its end. */
function places(part: Part, bucket: Uint32Array, integral: boolean): { x: Float64Array; wide: Float64Array } {
  const width = 2 ** part.exponent;
  const middle = integral ? (width - 1) / 2 : width / 2;
  const x = new Float64Array(bucket.length);
  for (let i = 0; i < bucket.length; i++) x[i] = (part.first + bucket[i]!) * width + middle;
  return { x, wide: new Float64Array(bucket.length).fill(width) };
}

export const traceId = (run: string, context: Context) =>
  context ? `${run} ${JSON.stringify(context)}` : run;

/** A run's line. Each value of a bucket is where the bucket is one point; else `value` says which the line takes. */
export function traceOf(chart: Part, line: SeriesLine, integral: boolean, value: BucketValue): Trace {
  const { columns } = line;
  const y = columns[value];
  return {
    id: traceId(line.run, line.context),
    run: line.run,
    context: line.context,
    ...places(chart, columns.bucket, integral),
    y,
    low: columns.min,
    high: columns.max,
    count: Float64Array.from(columns.count),
    nan: Float64Array.from(columns.nan),
    runs: null,
    shown: y,
  };
}

export function tracesOf(chart: SeriesChart, integral: boolean, value: BucketValue): Trace[] {
  return chart.lines.map(line => traceOf(chart, line, integral, value));
}

/** A group's line: the mean of its runs (its median with quartiles), and its spread around it. */
export function traceOfBand(band: SeriesBand, integral: boolean, spread: Spread): Trace {
  const { columns } = band;
  const [low, high, y] = edges(columns, spread);
  return {
    id: band.group,
    run: null,
    context: band.context,
    ...places(band, columns.bucket, integral),
    y,
    low,
    high,
    count: Float64Array.from(columns.points),
    nan: new Float64Array(columns.points.length),
    runs: Float64Array.from(columns.runs),
    shown: y,
  };
}

/** The quantiles that `traceOfBand` needs for a spread. */
export const quantilesOf = (spread: Spread) => (spread === "quartiles" ? [0.25, 0.5, 0.75] : []);

function edges(
  columns: BandColumns,
  spread: Spread,
): [low: Float64Array, high: Float64Array, line: Float64Array] {
  const { mean, deviation, min, max, quantiles } = columns;
  if (spread === "range") return [min, max, mean];
  if (spread === "quartiles") return [quantiles[0]!, quantiles[2]!, quantiles[1]!];
  if (spread === "none") return [mean, mean, mean];
  return [mean.map((m, i) => m - deviation[i]!), mean.map((m, i) => m + deviation[i]!), mean];
}

/** Parts of one line from left to right, such as a logarithmic axis asks for, as one. */
export function joined(parts: Trace[]): Trace {
  if (parts.length === 1) return parts[0]!;
  const column = (of: (trace: Trace) => Float64Array) => concat(parts.map(of));
  return {
    ...parts[0]!,
    x: column(t => t.x),
    wide: column(t => t.wide),
    y: column(t => t.y),
    low: column(t => t.low),
    high: column(t => t.high),
    count: column(t => t.count),
    nan: column(t => t.nan),
    runs: parts[0]!.runs && column(t => t.runs!),
    shown: column(t => t.shown),
  };
}

function concat(arrays: Float64Array[]): Float64Array {
  const all = new Float64Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

/** These buckets of a trace. */
export function cut(trace: Trace, start: number, end: number): Trace {
  const part = (column: Float64Array) => column.subarray(start, end);
  return {
    ...trace,
    x: part(trace.x),
    wide: part(trace.wide),
    y: part(trace.y),
    low: part(trace.low),
    high: part(trace.high),
    count: part(trace.count),
    nan: part(trace.nan),
    runs: trace.runs && part(trace.runs),
    shown: part(trace.shown),
  };
}

/** A zoomed trace between what an earlier, rougher answer knows of its left and its right: it is smoothed over both. */
export function smoothed(trace: Trace, smoothing: Smoothing, range: number, whole?: Trace): Trace {
  if (smoothing.kind === "none" || !trace.x.length) return trace;
  const points = (t: Trace) => t.count.map((count, i) => Math.max(count - t.nan[i]!, t.runs ? 1 : 0));
  if (!whole?.x.length || whole === trace)
    return { ...trace, shown: smooth(smoothing, trace.x, trace.y, points(trace), range) };
  const left = trace.x[0]! - trace.wide[0]! / 2;
  const right = trace.x.at(-1)! + trace.wide.at(-1)! / 2;
  const before = cut(
    whole,
    0,
    countWhile(whole, i => whole.x[i]! + whole.wide[i]! / 2 <= left),
  );
  const after = cut(
    whole,
    countWhile(whole, i => whole.x[i]! - whole.wide[i]! / 2 < right),
    whole.x.length,
  );
  const all = joined([before, trace, after]);
  const shown = smooth(smoothing, all.x, all.y, points(all), range);
  return { ...trace, shown: shown.subarray(before.x.length, before.x.length + trace.x.length) };
}

function countWhile(trace: Trace, holds: (i: number) => boolean): number {
  let low = 0;
  let high = trace.x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The bucket whose middle is nearest to an x, or -1 where there is none. */
export function nearest(trace: Trace, x: number): number {
  const at = countWhile(trace, i => trace.x[i]! < x);
  if (at === 0) return trace.x.length ? 0 : -1;
  if (at === trace.x.length) return at - 1;
  return x - trace.x[at - 1]! <= trace.x[at]! - x ? at - 1 : at;
}
