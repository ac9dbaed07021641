/** From values to pixels and back, linear or logarithmic. A logarithm has no place for what is not positive: NaN. */

export interface Scale {
  log: boolean;
  low: number;
  high: number;
  /** The pixels at `low` and at `high`; along y the first is the greater one. */
  from: number;
  to: number;
}

/** The pixel of a value; NaN where it has none. */
export function toPixel({ log, low, high, from, to }: Scale, value: number): number {
  if (log) {
    if (!(value > 0)) return Number.NaN;
    return from + ((Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (to - from);
  }
  return from + ((value / 2 - low / 2) / (high / 2 - low / 2)) * (to - from); // halves: a whole range may overflow
}

/** The value at a pixel. */
export function toValue({ log, low, high, from, to }: Scale, pixel: number): number {
  const part = (pixel - from) / (to - from);
  if (log) return Math.exp(Math.log(low) + part * (Math.log(high) - Math.log(low)));
  return low * (1 - part) + high * part;
}

/** `toPixel` for many values, without asking each time what kind of scale it is. */
export function pixelsOf(scale: Scale): (value: number) => number {
  const { log, low, high, from, to } = scale;
  if (!log) {
    const factor = (to - from) / (high - low);
    return Number.isFinite(factor) ? value => from + (value - low) * factor : value => toPixel(scale, value);
  }
  const origin = Math.log(low);
  const factor = (to - from) / (Math.log(high) - origin);
  return value => (value > 0 ? from + (Math.log(value) - origin) * factor : Number.NaN);
}

export type Range = [low: number, high: number];

/** A range with some air, never empty: what lies between is not drawn upon the edge. Null for no range at all. */
export function padded(range: Range | null, log: boolean, part = 0.05): Range {
  if (!range) return log ? [0.1, 10] : [0, 1];
  const [low, high] = range;
  if (log) {
    if (low === high) return [low / 2, high * 2];
    const air = (high / low) ** part;
    return [low / air, high * air];
  }
  if (low === high) return low === 0 ? [-1, 1] : [low - Math.abs(low) * 0.1, high + Math.abs(high) * 0.1];
  const air = high * part - low * part; // the difference alone may be greater than a number can be
  return [Math.max(low - air, -Number.MAX_VALUE), Math.min(high + air, Number.MAX_VALUE)];
}

/** The range without the hundredth part of values at each end, for who wants to see past outliers. */
export function withoutOutliers(values: Float64Array, part = 0.01): Range | null {
  const sorted = values.filter(Number.isFinite).sort();
  if (!sorted.length) return null;
  const cut = Math.floor(sorted.length * part);
  return [sorted[cut]!, sorted[sorted.length - 1 - cut]!];
}
