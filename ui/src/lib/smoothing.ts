/**
 * Smoothing of a line whose values are means of buckets.
 *
 * Each value weighs as many points as stand behind it, and what fades, fades with the distance along x, measured in
 * thousandths of the whole range. So a line looks the same however finely its buckets were asked for, and a zoom
 * does not bend it. Values that are no finite numbers are left out, and are NaN in the answer.
 */

export type SmoothingKind = "none" | "ema" | "gaussian" | "mean";

export interface Smoothing {
  kind: SmoothingKind;
  /** `ema`: what is left of a weight after a thousandth of the range, 0 to 0.999. Else: the width, as a share of it. */
  amount: number;
}

export const STEPS_OF_RANGE = 1_000;
const REACH = 3; // deviations to each side, beyond which a Gaussian is left out: 0.3 % of its weight

/** The smoothed values; `range` is the whole range of x, also where only a part of it is given. */
export function smooth(
  { kind, amount }: Smoothing,
  x: Float64Array,
  y: Float64Array,
  points: ArrayLike<number>,
  range: number,
): Float64Array {
  if (kind === "none" || !(amount > 0) || !(range > 0)) return y;
  if (kind === "ema") return ema(x, y, points, Math.min(amount, 0.9999), range);
  return kind === "gaussian"
    ? gaussian(x, y, points, amount * range)
    : runningMean(x, y, points, amount * range);
}

/** Exponential moving average, debiased: what was before counts `weight` less with each thousandth of the range. */
export function ema(
  x: Float64Array,
  y: Float64Array,
  points: ArrayLike<number>,
  weight: number,
  range: number,
): Float64Array {
  const out = new Float64Array(y.length).fill(Number.NaN);
  let mean = 0;
  let total = 0;
  let before = x[0] ?? 0;
  for (let i = 0; i < y.length; i++) {
    const value = y[i]!;
    if (!Number.isFinite(value)) continue;
    total = total * weight ** (((x[i]! - before) / range) * STEPS_OF_RANGE) + points[i]!;
    mean += (value - mean) * (points[i]! / total);
    before = x[i]!;
    out[i] = mean;
  }
  return out;
}

/** Each value is the mean of those around it, which weigh less by the normal curve of this deviation. */
export function gaussian(
  x: Float64Array,
  y: Float64Array,
  points: ArrayLike<number>,
  deviation: number,
): Float64Array {
  const out = new Float64Array(y.length).fill(Number.NaN);
  let start = 0;
  for (let i = 0; i < y.length; i++) {
    while (x[i]! - x[start]! > REACH * deviation) start++;
    if (!Number.isFinite(y[i]!)) continue;
    let sum = 0;
    let total = 0;
    for (let j = start; j < y.length && x[j]! - x[i]! <= REACH * deviation; j++) {
      if (!Number.isFinite(y[j]!)) continue;
      const far = (x[j]! - x[i]!) / deviation;
      const weight = points[j]! * Math.exp(-0.5 * far * far);
      sum += weight * y[j]!;
      total += weight;
    }
    out[i] = sum / total;
  }
  return out;
}

/** Each value is the plain mean of the points not farther away than half of the width. */
export function runningMean(
  x: Float64Array,
  y: Float64Array,
  points: ArrayLike<number>,
  width: number,
): Float64Array {
  const out = new Float64Array(y.length).fill(Number.NaN);
  const origin = y.find(Number.isFinite) ?? 0; // sums of differences stay small, and so does what rounding loses
  let start = 0;
  let end = 0;
  let sum = 0;
  let total = 0;
  const add = (i: number, sign: number) => {
    if (!Number.isFinite(y[i]!)) return;
    sum += sign * points[i]! * (y[i]! - origin);
    total += sign * points[i]!;
  };
  for (let i = 0; i < y.length; i++) {
    while (end < y.length && x[end]! - x[i]! <= width / 2) add(end++, 1);
    while (x[i]! - x[start]! > width / 2) add(start++, -1);
    if (Number.isFinite(y[i]!)) out[i] = origin + sum / total;
  }
  return out;
}
