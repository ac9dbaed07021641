import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketsFor, FINEST, linearWindow, logWindows } from "./windows";

describe("windows of a logarithmic axis", () => {
  it("cover all of it, without overlap, in buckets of a pixel or two", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 0, max: 1e9 }), (low, more) => {
        const high = low + more;
        const windows = logWindows(low, high, 800, true);
        expect(windows[0]!.low).toBeLessThanOrEqual(low);
        expect(windows.at(-1)!.high).toBeGreaterThanOrEqual(high);
        const doublings = Math.log2((windows.at(-1)!.high! + 1) / windows[0]!.low!);
        windows.forEach((window, i) => {
          if (i) expect(window.low).toBe(windows[i - 1]!.high! + 1);
          // The server gives more than half as many buckets as it was asked for, or the finest there are.
          const bucket = Math.max(1, (window.high! + 1 - window.low!) / (window.buckets / 2));
          const pixels = (Math.log2((window.low! + bucket) / window.low!) / doublings) * 800;
          if (bucket > 1 && window.buckets < FINEST) expect(pixels).toBeLessThan(3);
        });
      }),
    );
  });

  it("have fractions too", () => {
    const windows = logWindows(0.001, 10, 500, false);
    expect(windows[0]!.low).toBeLessThanOrEqual(0.001);
    expect(windows.at(-1)!.high).toBeGreaterThan(10);
    for (let i = 1; i < windows.length; i++) expect(windows[i]!.low! > windows[i - 1]!.high!).toBe(true);
  });
});

it("a zoom asks for a little more on both sides", () => {
  expect(linearWindow(null, 500)).toEqual({ low: null, high: null, buckets: 500 });
  expect(linearWindow([80, 160], 400)).toEqual({ low: 70, high: 170, buckets: 500 });
  expect(bucketsFor(412)).toBe(500);
  expect(bucketsFor(1e9)).toBe(FINEST);
});
