/** Where an axis has its ticks, and what they say: numbers, decades, durations and dates. */

import { scaleTime } from "d3-scale";
import { formatTick, formatTime } from "./format";

export type AxisKind = "number" | "log" | "duration" | "time";

export interface Tick {
  at: number;
  /** Empty for a tick that has a line and no text. */
  text: string;
}

/** The distance of ticks that are round numbers: 1, 2 or 5 times a power of ten, so that about `count` fit. */
export function roundStep(span: number, count: number): number {
  const rough = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const part = rough / power;
  return power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

/** Ticks of an axis from `low` to `high`, about `count` of them; whole ones only where `integral`. */
export function ticks(low: number, high: number, count: number, kind: AxisKind, integral = false): Tick[] {
  if (!(high > low) || !Number.isFinite(high - low))
    return Number.isFinite(low) ? [{ at: low, text: `${low}` }] : [];
  if (kind === "log") return logTicks(low, high, count);
  if (kind === "time") return timeTicks(low, high, count);
  if (kind === "duration") return durationTicks(low, high, count);
  const step = roundStep(high - low, count);
  return linear(low, high, integral ? Math.max(1, step) : step, formatTick);
}

function linear(
  low: number,
  high: number,
  step: number,
  text: (value: number, step: number) => string,
): Tick[] {
  const found: Tick[] = [];
  if (!(step > 0) || !Number.isFinite(high / step)) return found;
  const from = Math.ceil(low / step - 1e-9);
  for (let i = from; i <= high / step + 1e-9 && found.length < 100; i++) {
    const at = Math.min(high, Math.max(low, i * step)); // what rounding adds is no part of the axis
    if (at <= (found.at(-1)?.at ?? Number.NEGATIVE_INFINITY)) break; // the step is finer than numbers are at this place
    found.push({ at, text: text(at, step) });
  }
  return found;
}

/** Decades where there are several; 1, 2, 5 or linear ticks where there are few. Of what is positive only. */
function logTicks(low: number, high: number, count: number): Tick[] {
  if (!(low > 0)) return [];
  const decades = Math.log10(high / low);
  if (decades < 1) {
    const step = roundStep(high - low, count);
    return linear(low, high, step, formatTick);
  }
  const every = Math.max(1, Math.ceil(decades / Math.max(1, count)));
  const parts = decades * 3 <= count ? [1, 2, 5] : [1];
  const found: Tick[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high) + 1e-9; power++)
    for (const part of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      const at = Number(`${part}e${power}`);
      if (at < low * (1 - 1e-9) || at > high * (1 + 1e-9)) continue;
      if ((every > 1 && part > 1) || at === found.at(-1)?.at) continue; // the least numbers are far apart
      found.push({ at, text: parts.includes(part) && power % every === 0 ? decadeText(part, power) : "" });
    }
  return found;
}

function decadeText(part: number, power: number): string {
  if (power >= -3 && power <= 5) return formatTick(Number(`${part}e${power}`), Number(`1e${power}`));
  return `${part}e${power}`.replace("-", "−");
}

const SECOND = 1e6;
const ROUND_S = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400,
];
const DAY_S = 86_400;

/** Ticks of microseconds since something began. */
function durationTicks(low: number, high: number, count: number): Tick[] {
  const rough = (high - low) / Math.max(1, count) / SECOND;
  let step = ROUND_S.find(s => s >= rough);
  if (rough < 1) step = roundStep((high - low) / SECOND, count);
  step ??= roundStep((high - low) / SECOND / DAY_S, count) * DAY_S;
  return linear(low, high, step * SECOND, (at, wide) => durationText(at / SECOND, wide / SECOND));
}

function durationText(seconds: number, step: number): string {
  if (seconds === 0) return "0s";
  if (step < 1) return `${formatTick(seconds, step)}s`;
  const sign = seconds < 0 ? "−" : "";
  let rest = Math.round(Math.abs(seconds));
  const parts: string[] = [];
  for (const [size, unit] of [
    [DAY_S, "d"],
    [3_600, "h"],
    [60, "m"],
    [1, "s"],
  ] as const) {
    const whole = Math.floor(rest / size);
    rest -= whole * size;
    if (whole) parts.push(`${whole}${unit}`);
  }
  return sign + parts.join(" ");
}

function timeTicks(low: number, high: number, count: number): Tick[] {
  const scale = scaleTime().domain([new Date(low / 1e3), new Date(high / 1e3)]);
  const text = scale.tickFormat(count);
  if (high - low < 5e6 && high - low < count * 1e3)
    return linear(low, high, roundStep(high - low, count), formatTime);
  return scale.ticks(count).map(date => ({ at: date.getTime() * 1e3, text: text(date) }));
}
