/**
 * Traces in pixels. Every point lies within what is drawn on its column of pixels, so one spike among a million points
 * is seen at every zoom.
 */

import { pixelsOf, type Range, type Scale, toPixel } from "./scales";
import type { Trace } from "./traces";

/** One trace on columns of whole pixels, `n` of them, from left to right. */
export interface Drawn {
  /** Left edge, and width, in pixels. */
  left: Float64Array;
  width: Float64Array;
  /** From the greatest to the least value: pixels count downwards. Equal where nothing lies behind the line. */
  top: Float64Array;
  bottom: Float64Array;
  /** 1 where the extremes reach much farther than they do elsewhere, and are drawn in full colour. */
  lone: Uint8Array;
  /** The line that is shown and the one as it was logged; NaN where they break. */
  at: Float64Array;
  shown: Float64Array;
  raw: Float64Array;
  marks: Mark[];
  /** Of a group: what stands behind is one area, not a column for each bucket. */
  area: boolean;
}

/** Where something is that has no place on the axis. */
export interface Mark {
  x: number;
  kind: "nan" | "above" | "below";
}

const LONE = 3; // so many times the usual reach
const AROUND = 10; // columns to each side that tell what is usual

/** What is seen of a trace. */
export function project(trace: Trace, x: Scale, y: Scale): Drawn {
  const left: number[] = [];
  const width: number[] = [];
  const top: number[] = [];
  const bottom: number[] = [];
  const at: number[] = [];
  const shown: number[] = [];
  const raw: number[] = [];
  const marks: Mark[] = [];
  const px = pixelsOf(x);
  const py = pixelsOf(y);
  const edge = y.from; // the lower one
  const area = trace.runs !== null;
  for (let i = 0; i < trace.x.length; i++) {
    const middle = px(trace.x[i]!);
    if (!(middle > x.from - 4_000 && middle < x.to + 4_000)) continue;
    if (trace.nan[i]! > 0) mark(marks, middle, "nan");
    const low = trace.low[i]!;
    const high = trace.high[i]!;
    if (high === Infinity || low === Infinity) mark(marks, middle, "above");
    if (low === -Infinity || high === -Infinity || (y.log && low <= 0)) mark(marks, middle, "below");
    const value = trace.shown[i]!;
    at.push(middle);
    shown.push(Number.isFinite(value) ? py(value) : Number.NaN);
    raw.push(Number.isFinite(trace.y[i]!) ? py(trace.y[i]!) : Number.NaN);
    if (!(high > low) && !area) continue;
    const start = px(trace.x[i]! - trace.wide[i]! / 2);
    const end = px(trace.x[i]! + trace.wide[i]! / 2);
    const column = Math.floor(Number.isNaN(start) ? middle : start);
    const columns = Math.max(1, Math.floor(Number.isNaN(end) ? middle : end) - column);
    const upper = high === Infinity ? y.to : py(high);
    const lower = low === -Infinity || (y.log && low <= 0) ? edge : py(low);
    if (Number.isNaN(upper) || Number.isNaN(lower)) continue;
    const before = left.length - 1;
    if (columns === 1 && before >= 0 && left[before] === column) {
      top[before] = Math.min(top[before]!, upper);
      bottom[before] = Math.max(bottom[before]!, lower);
    } else {
      left.push(column);
      width.push(columns);
      top.push(upper);
      bottom.push(lower);
    }
  }
  return {
    left: Float64Array.from(left),
    width: Float64Array.from(width),
    top: Float64Array.from(top),
    bottom: Float64Array.from(bottom),
    lone: area ? new Uint8Array(top.length) : lonely(top, bottom),
    area,
    at: Float64Array.from(at),
    shown: Float64Array.from(shown),
    raw: Float64Array.from(raw),
    marks,
  };
}

function mark(marks: Mark[], x: number, kind: Mark["kind"]) {
  const last = marks.at(-1);
  if (!last || last.kind !== kind || x - last.x >= 4) marks.push({ x, kind }); // else they would lie upon each other
}

/** Columns that reach much farther than those around them do. */
function lonely(top: number[], bottom: number[]): Uint8Array {
  const reach = Float64Array.from(top, (t, i) => bottom[i]! - t);
  return reach.length
    ? Uint8Array.from(reach, (far, i) => (far > LONE * usual(reach, i) + 2 ? 1 : 0))
    : new Uint8Array();
}

function usual(reach: Float64Array, i: number): number {
  const some = reach.slice(Math.max(0, i - AROUND), i + AROUND + 1).sort();
  return some[some.length >> 1]!;
}

/** The range of what can be drawn of these traces within a window of x: the extremes, not only the lines. */
export function rangeOf(traces: readonly Trace[], log: boolean, window?: Range): Range | null {
  let low = Infinity;
  let high = -Infinity;
  const take = (value: number) => {
    if (!Number.isFinite(value) || (log && value <= 0)) return;
    if (value < low) low = value;
    if (value > high) high = value;
  };
  for (const trace of traces)
    for (let i = 0; i < trace.x.length; i++) {
      const half = trace.wide[i]! / 2;
      if (window && (trace.x[i]! + half < window[0] || trace.x[i]! - half > window[1])) continue;
      take(trace.low[i]!);
      take(trace.high[i]!);
      take(trace.shown[i]!);
    }
  return low <= high ? [low, high] : null;
}

/** The range along x of these traces; on a logarithmic axis of what is positive. */
export function spanOf(traces: readonly Trace[], log: boolean, integral: boolean): Range | null {
  let low = Infinity;
  let high = -Infinity;
  for (const { x, wide } of traces) {
    const at = log ? x.findIndex(value => value > 0) : 0;
    const last = x.length - 1;
    if (at < 0 || last < 0) continue;
    const half = (i: number) => (integral ? wide[i]! - 1 : wide[i]!) / 2;
    const first = x[at]! - half(at);
    low = Math.min(low, log && first <= 0 ? (integral ? 1 : x[at]!) : first);
    high = Math.max(high, x[last]! + half(last));
  }
  return low <= high ? [low, high] : null;
}

export interface Said {
  points: number;
  buckets: number;
  /** The most points that lie behind one column of pixels of one line. */
  behind: number;
  nan: number;
  /** Buckets that have no place on a logarithmic axis, wholly or in part. */
  left: number;
}

/** What a chart says of how much stands behind it. */
export function saying(traces: readonly Trace[], x: Scale, logY: boolean): Said {
  const said: Said = { points: 0, buckets: 0, behind: 0, nan: 0, left: 0 };
  for (const trace of traces) {
    let column = Number.NaN;
    let behind = 0;
    for (let i = 0; i < trace.x.length; i++) {
      const place = toPixel(x, trace.x[i]!);
      if (Number.isNaN(place)) said.left += 1;
      if (!(place >= x.from - 1 && place <= x.to + 1)) continue;
      const count = trace.count[i]!;
      said.points += count;
      said.buckets += 1;
      said.nan += trace.nan[i]!;
      if (logY && trace.low[i]! <= 0) said.left += 1;
      behind = Math.floor(place) === column ? behind + count : count;
      column = Math.floor(place);
      const wide = Math.abs(toPixel(x, trace.x[i]! + trace.wide[i]! / 2) - place) * 2;
      said.behind = Math.max(said.behind, wide > 1 ? count / wide : behind);
    }
  }
  said.behind = Math.ceil(said.behind - 1e-6);
  return said;
}
