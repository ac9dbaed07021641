import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COLOURS, DASHES, hash, type Look, looksOf } from "./colours";

const tokens = readFileSync(new URL("../styles/tokens.css", import.meta.url), "utf8");
type Rgb = [number, number, number];

/** `--series-N` and `--bg` of both themes. */
const themes = ["light", "dark"].map(theme => {
  const blocks = tokens.split("}").filter(block => block.includes('"dark"') === (theme === "dark"));
  const of = (name: string) =>
    rgb(blocks.map(block => block.match(new RegExp(`${name}: (#[0-9a-f]{6})`))?.[1]).find(Boolean)!);
  return {
    theme,
    page: of("--bg"),
    lines: Array.from({ length: COLOURS }, (_, i) => of(`--series-${i + 1}`)),
  };
});

function rgb(hex: string): Rgb {
  return [1, 3, 5].map(at => Number.parseInt(hex.slice(at, at + 2), 16) / 255) as Rgb;
}

const linear = (part: number) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
const luminance = (colour: Rgb) =>
  [0.2126, 0.7152, 0.0722].reduce((sum, part, i) => sum + part * linear(colour[i]!), 0);
const contrast = (a: Rgb, b: Rgb) => {
  const [high, low] = [luminance(a), luminance(b)].sort((p, q) => q - p) as [number, number];
  return (high + 0.05) / (low + 0.05);
};

/** Machado, Oliveira and Fernandes 2009, severity 1, on linear light. */
const EYES: Record<string, number[][]> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** CIE Lab of a colour as those eyes see it. */
function lab(colour: Rgb, eyes: number[][]): Rgb {
  const light = colour.map(linear);
  const seen = eyes.map(row =>
    Math.min(
      1,
      Math.max(
        0,
        row.reduce((sum, part, i) => sum + part * light[i]!, 0),
      ),
    ),
  );
  const xyz = [
    [0.4124, 0.3576, 0.1805],
    [0.2126, 0.7152, 0.0722],
    [0.0193, 0.1192, 0.9505],
  ].map((row, i) => row.reduce((sum, part, k) => sum + part * seen[k]!, 0) / [0.9505, 1, 1.089][i]!);
  const f = xyz.map(part => (part > 0.008856 ? Math.cbrt(part) : 7.787 * part + 16 / 116)) as Rgb;
  return [116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])];
}

describe("colours of lines", () => {
  it.each(themes)("have a contrast of 3 : 1 to the page, $theme", ({ page, lines }) => {
    for (const line of lines) expect(contrast(line, page)).toBeGreaterThanOrEqual(3);
  });

  it.each(themes.flatMap(theme => Object.keys(EYES).map(eyes => ({ ...theme, eyes }))))(
    "are told apart by $eyes eyes, $theme",
    ({ lines, eyes }) => {
      const seen = lines.map(line => lab(line, EYES[eyes]!));
      for (let i = 0; i < seen.length; i++)
        for (let k = 0; k < i; k++)
          expect(
            Math.hypot(...seen[i]!.map((part, c) => part - seen[k]![c]!)),
            `${k + 1} and ${i + 1}`,
          ).toBeGreaterThan(15);
    },
  );
});

describe("looks of runs", () => {
  it("are a run's own, and differ as long as there are any left", () => {
    const ids = fc.uniqueArray(fc.string(), { maxLength: COLOURS * DASHES.length });
    fc.assert(
      fc.property(ids, given => {
        const looks = looksOf(given);
        expect([...looks.keys()]).toEqual(given);
        const places = [...looks.values()].map(({ colour, dash }) => dash * COLOURS + colour);
        expect(new Set(places).size).toBe(given.length);
        if (given.length <= COLOURS) for (const look of looks.values()) expect(look.dash).toBe(0);
        if (given.length) expect(looks.get(given[0]!)!.colour).toBe(hash(given[0]!) % COLOURS);
      }),
    );
  });

  it("stay while others come and go", () => {
    const kept = new Map<string, Look>();
    const before = looksOf(["a", "b", "c"], kept);
    const after = looksOf(["z", "c", "y", "a"], kept);
    for (const id of ["a", "c"]) expect(after.get(id)).toEqual(before.get(id));
    expect(looksOf(Array.from({ length: 1_000 }, (_, i) => `${i}`)).size).toBe(1_000);
  });
});
