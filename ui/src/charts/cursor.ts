/** What a line chart says of the place under the cursor. */

import type { Look } from "../lib/colours";
import { formatCount, formatDuration, formatNumber, formatTime } from "../lib/format";
import { nearest } from "../lib/traces";
import type { LineData, Shown } from "./line";
import type { Ink } from "./theme";
import type { TipText } from "./tip";

export interface Read {
  trace: Shown;
  /** Of the bucket that is read. */
  at: number;
  x: number;
  value: number;
}

export interface Reading {
  /** The greatest first; what is no number last. */
  rows: Read[];
  near: Shown | null;
}

const SHOWN = 10; // rows of the box

/** What each trace is at x. A trace that ends before, or begins after, is not read. `y` tells which one is pointed at. */
export function readingsAt(
  traces: Shown[],
  x: number,
  pixel: (value: number) => number,
  y: number | null,
): Reading {
  const rows: Read[] = [];
  let near: Shown | null = null;
  let best = 40; // pixels, beyond which nothing is pointed at
  for (const trace of traces) {
    const at = nearest(trace, x);
    if (at < 0 || beyond(trace, at, x)) continue;
    const value = trace.shown[at]!;
    rows.push({ trace, at, x: trace.x[at]!, value });
    if (y === null) continue;
    const [upper, lower] = [pixel(trace.high[at]!), pixel(trace.low[at]!)];
    const inside = y >= upper && y <= lower;
    const far = Math.abs(pixel(value) - y) * (inside ? 0.5 : 1);
    if (far < best) {
      best = far;
      near = trace;
    }
  }
  const rank = ({ value }: Read) => (Number.isNaN(value) ? -Infinity : value);
  rows.sort((a, b) => rank(b) - rank(a) || 0);
  return { rows, near };
}

/** Outside of what a trace has, farther than its usual distance of points. */
function beyond(trace: Shown, at: number, x: number): boolean {
  const first = trace.x[0]! - trace.wide[0]! / 2;
  const last = trace.x.at(-1)! + trace.wide.at(-1)! / 2;
  if (x >= first && x <= last) return false;
  const usual = (last - first) / Math.max(1, trace.x.length - 1);
  return Math.abs(trace.x[at]! - x) > Math.max(trace.wide[at]!, usual);
}

/** A step of a run's metric. */
export interface Place {
  run: string;
  key: string;
  step: number;
}

/** The step that is nearest to x on the line that is pointed at, or on the first one; a group's line is of no run. */
export function placeOf({ rows, near }: Reading, x: number): Place | null {
  const row = rows.find(one => one.trace === near) ?? rows[0];
  if (!row || row.trace.run === null) return null;
  const { run, key, wide } = row.trace;
  const half = (wide[row.at]! - 1) / 2;
  return { run, key, step: Math.round(Math.min(Math.max(x, row.x - half), row.x + half)) };
}

/** A place on the axis in words. */
export function axisText(data: Pick<LineData, "kind" | "integral">, x: number): string {
  if (data.kind === "time") return formatTime(x);
  if (data.kind === "duration") return formatDuration(x);
  return data.integral ? formatCount(Math.round(x)) : formatNumber(x, 6);
}

/** A bucket's place: a range where it is wider than one. */
export function bucketText(
  data: Pick<LineData, "kind" | "integral">,
  middle: number,
  wide: number,
  count: number,
): string {
  if (!data.integral || data.kind !== "number" || wide <= 1) return axisText(data, middle);
  const low = middle - (wide - 1) / 2;
  const range = `${formatCount(low)}–${formatCount(low + wide - 1)}`;
  return count === 1 ? `within ${range}` : range;
}

/** The box: where, then each trace with its value; the one that is pointed at is among them whatever its rank. */
export function tipOf(reading: Reading, data: LineData, x: number, ink: (look: Look) => Ink): TipText {
  const { rows, near } = reading;
  const place = Math.max(
    0,
    rows.findIndex(row => row.trace === near),
  );
  const start = Math.max(0, Math.min(place - SHOWN + 2, rows.length - SHOWN));
  const some = rows.slice(start, start + SHOWN);
  const pointed = rows.find(row => row.trace === near) ?? rows[0];
  const where = pointed
    ? bucketText(data, pointed.x, pointed.trace.wide[pointed.at]!, pointed.trace.count[pointed.at]!)
    : axisText(data, x);
  return {
    title: `${data.axis.replace(/^metric /, "").replaceAll("_", " ")} ${where}`,
    rows: some.map(row => ({
      colour: ink(row.trace.look).colour,
      dash: row.trace.look.dash > 0,
      label: row.trace.label,
      value: formatNumber(row.value, 5),
      note: row.trace === (near ?? rows[0]?.trace) ? noteOf(row, data.smoothed) : "",
      near: row.trace === near,
    })),
    more: rows.length - some.length,
  };
}

function noteOf({ trace, at }: Read, smoothed: boolean): string {
  const low = trace.low[at]!;
  const high = trace.high[at]!;
  const notes: string[] = [];
  if (smoothed && trace.y[at] !== trace.shown[at]) notes.push(`logged ${formatNumber(trace.y[at]!, 5)}`);
  if (high > low) notes.push(`${formatNumber(low)} … ${formatNumber(high)}`);
  if (trace.runs) notes.push(`${formatCount(trace.runs[at]!)} runs`);
  else if (trace.count[at]! > 1) notes.push(`${formatCount(trace.count[at]!)} points`);
  if (trace.nan[at]! > 0) notes.push(`${formatCount(trace.nan[at]!)} NaN`);
  return notes.join(" · ");
}
