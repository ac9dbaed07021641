import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SmoothingKind, smooth } from "./smoothing";

const golden = JSON.parse(readFileSync(new URL("smoothing.golden.json", import.meta.url), "utf8"));
const floats = (column: (number | null)[]) => Float64Array.from(column, value => value ?? Number.NaN);

describe("smoothing", () => {
  it.each([
    ["ema", golden.ema, golden.ema_y],
    ["gaussian", golden.deviation, golden.gaussian_y],
    ["mean", golden.width, golden.mean_y],
  ] as [SmoothingKind, number, (number | null)[]][])(
    "%s is what its definition says",
    (kind, amount, expected) => {
      const out = smooth({ kind, amount }, floats(golden.x), floats(golden.y), golden.points, golden.range);
      out.forEach((value, i) => {
        if (expected[i] === null) expect(value).toBeNaN();
        else expect(value / expected[i]!).toBeCloseTo(1, 12);
      });
    },
  );

  it("leaves a constant as it is, and stays between the extremes", () => {
    const kinds = fc.constantFrom<SmoothingKind>("ema", "gaussian", "mean");
    const values = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(kinds, fc.double({ min: 0, max: 0.999, noNaN: true }), values, (kind, amount, given) => {
        const x = Float64Array.from(given, (_, i) => i);
        const ones = new Uint32Array(given.length).fill(1);
        const out = smooth({ kind, amount }, x, Float64Array.from(given), ones, given.length);
        const room = 1e-6;
        for (const value of out) {
          expect(value).toBeGreaterThanOrEqual(Math.min(...given) - room);
          expect(value).toBeLessThanOrEqual(Math.max(...given) + room);
        }
      }),
    );
  });

  it("does not depend on how finely buckets were asked for", () => {
    const n = 8_192;
    const y = Float64Array.from({ length: n }, (_, i) => Math.sin(i / 900) + (i % 7) / 50);
    const at = (width: number) => {
      const count = n / width;
      const x = Float64Array.from({ length: count }, (_, b) => b * width + (width - 1) / 2);
      const means = Float64Array.from({ length: count }, (_, b) => {
        let sum = 0;
        for (let i = 0; i < width; i++) sum += y[b * width + i]!;
        return sum / width;
      });
      return smooth({ kind: "ema", amount: 0.99 }, x, means, new Uint32Array(count).fill(width), n);
    };
    const [fine, rough] = [at(1), at(16)];
    for (let b = 40; b < rough.length; b++)
      expect(Math.abs(rough[b]! - fine[b * 16 + 8]!)).toBeLessThan(0.01);
  });

  it("gives back the same line where nothing is to be done", () => {
    const y = Float64Array.of(1, Number.NaN, 3);
    expect(smooth({ kind: "none", amount: 0.9 }, y, y, [1, 1, 1], 3)).toBe(y);
    expect(smooth({ kind: "ema", amount: 0 }, y, y, [1, 1, 1], 3)).toBe(y);
  });
});
