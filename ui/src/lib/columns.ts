/** An axis of columns of runs: numbers on a scale, other things at places of their own. */

import type { Cell } from "./facts";
import { formatDuration, formatNumber, formatTime } from "./format";
import { padded, type Range, type Scale, toPixel, toValue } from "./scales";
import { type AxisKind, type Tick, ticks } from "./ticks";

export interface CellAxis {
  column: string;
  kind: AxisKind;
  /** The texts in their order, where the column is not of numbers; else null. */
  texts: string[] | null;
  range: Range;
  log: boolean;
}

const TEXTS = 50; // more different texts than these have no place of their own

/** The axis of a column: of numbers if all that is there is a number. A logarithm only where all are positive. */
export function cellAxis(column: string, cells: readonly Cell[], log = false): CellAxis {
  const there = cells.filter((cell): cell is number | string => cell !== null);
  const numbers = there.filter((cell): cell is number => typeof cell === "number" && Number.isFinite(cell));
  const kind = column === "duration" ? "duration" : column === "start_time" ? "time" : "number";
  if (there.length && there.some(cell => typeof cell === "string")) {
    const order = new Intl.Collator("en", { numeric: true });
    const texts = [...new Set(there.map(String))].sort(order.compare).slice(0, TEXTS);
    return { column, kind: "number", texts, range: [-0.5, texts.length - 0.5], log: false };
  }
  const mayLog = log && numbers.length > 0 && numbers.every(value => value > 0);
  let [low, high] = [Infinity, -Infinity];
  for (const value of numbers) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return {
    column,
    kind: mayLog ? "log" : kind,
    texts: null,
    range: padded(low <= high ? [low, high] : null, mayLog),
    log: mayLog,
  };
}

/** The pixel of a cell between two, or NaN where it has no place. */
export function cellPixel(axis: CellAxis, cell: Cell, from: number, to: number): number {
  if (cell === null) return Number.NaN;
  if (!axis.texts) return typeof cell === "number" ? toPixel(scaleOf(axis, from, to), cell) : Number.NaN;
  const at = axis.texts.indexOf(String(cell));
  return at < 0 ? Number.NaN : toPixel(scaleOf(axis, from, to), at);
}

export const pixelValue = (axis: CellAxis, pixel: number, from: number, to: number) =>
  toValue(scaleOf(axis, from, to), pixel);

/** Whether a cell lies in a part of the axis, such as a brush leaves; of texts, by their places. */
export function cellWithin(axis: CellAxis, cell: Cell, [low, high]: Range): boolean {
  if (cell === null) return false;
  const value = axis.texts ? axis.texts.indexOf(String(cell)) : Number(cell);
  return value >= low && value <= high && !(axis.texts && value < 0);
}

export function cellTicks(axis: CellAxis, count: number): Tick[] {
  if (axis.texts) {
    const every = Math.ceil(axis.texts.length / Math.max(1, count));
    return axis.texts.map((text, at) => ({ at, text: at % every === 0 ? text : "" }));
  }
  return ticks(axis.range[0], axis.range[1], count, axis.kind);
}

export function cellText(axis: Pick<CellAxis, "kind">, cell: Cell): string {
  if (cell === null) return "–";
  if (typeof cell === "string") return cell;
  if (axis.kind === "duration") return formatDuration(cell);
  return axis.kind === "time" ? formatTime(cell) : formatNumber(cell, 5);
}

const scaleOf = ({ log, range: [low, high] }: CellAxis, from: number, to: number): Scale => ({
  log,
  low,
  high,
  from,
  to,
});
