/** A scale of shades from little to much: Viridis, which colour-blind eyes and grey printers read in its order. */

const STOPS = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 74, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [109, 205, 89],
  [180, 222, 44],
  [253, 231, 37],
] as const;

/** The shade of a part from 0 to 1; grey where there is none. */
export function shadeOf(part: number): string {
  if (Number.isNaN(part)) return "rgb(136 144 156)";
  const at = Math.min(1, Math.max(0, part)) * (STOPS.length - 1);
  const low = Math.min(STOPS.length - 2, Math.floor(at));
  const [from, to] = [STOPS[low]!, STOPS[low + 1]!];
  const mixed = from.map((value, i) => Math.round(value + (to[i]! - value) * (at - low)));
  return `rgb(${mixed.join(" ")})`;
}

/** The shade of a line or a point, without the end of the scale that the page's own colour would swallow. */
export const inkShade = (part: number, dark: boolean) => shadeOf(dark ? 0.28 + part * 0.72 : part * 0.8);
