/**
 * Which windows of x to ask the server for.
 *
 * On a logarithmic axis one grid of equal buckets would put the first decades into a single bucket. So it is asked for
 * in parts between powers of two, each with buckets of its own, none of which is wider than a pixel or two.
 */

import type { Range } from "./scales";

export interface Window {
  low: number | null;
  high: number | null;
  buckets: number;
}

export const FINEST = 10_000; // buckets that the server gives at most
const PARTS = 8;

/** The parts of a logarithmic axis from `low`, which is positive, to `high`. */
export function logWindows(low: number, high: number, pixels: number, integral: boolean): Window[] {
  const from = Math.floor(Math.log2(low));
  const to = Math.max(from + 1, Math.floor(Math.log2(high)) + 1);
  const doublings = to - from;
  const parts = Math.min(doublings, PARTS);
  const found: Window[] = [];
  for (let part = 0; part < parts; part++) {
    const start = from + Math.floor((doublings * part) / parts);
    const end = from + Math.floor((doublings * (part + 1)) / parts);
    // Its first doubling, of which all have equally many pixels, is the smallest part of its buckets.
    const buckets = clamp((pixels / doublings) * 1.5 * (2 ** (end - start) - 1));
    const last = integral ? 2 ** end - 1 : 2 ** end * (1 - 2 ** -52);
    found.push({ low: 2 ** start, high: last, buckets });
  }
  return found;
}

/** The window of a linear axis; a zoom asks for a little more on both sides, so that lines go on beyond the edges. */
export function linearWindow(zoom: Range | null, buckets: number): Window {
  if (!zoom) return { low: null, high: null, buckets: clamp(buckets) };
  const air = (zoom[1] - zoom[0]) / 8;
  return { low: zoom[0] - air, high: zoom[1] + air, buckets: clamp(buckets * 1.25) };
}

/** Buckets for so many pixels, in few sizes: a resized panel need not ask again for nearly the same. */
export function bucketsFor(pixels: number): number {
  return clamp(Math.ceil(pixels / 250) * 250);
}

const clamp = (buckets: number) => Math.round(Math.min(FINEST, Math.max(2, buckets)));
