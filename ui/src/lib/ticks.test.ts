import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AxisKind, ticks } from "./ticks";

const texts = (low: number, high: number, count: number, kind: AxisKind, integral = false) =>
  ticks(low, high, count, kind, integral).map(tick => tick.text);

describe("ticks", () => {
  it("are round numbers", () => {
    expect(texts(0, 10, 5, "number")).toEqual(["0", "2", "4", "6", "8", "10"]);
    expect(texts(-0.31, 0.32, 4, "number")).toEqual(["−0.2", "0", "0.2"]);
    expect(texts(0, 3, 10, "number", true)).toEqual(["0", "1", "2", "3"]);
  });

  it("are decades, with lines between them, or linear within one", () => {
    expect(texts(0.001, 1000, 6, "log").filter(Boolean)).toEqual([
      "0.001",
      "0.01",
      "0.1",
      "1",
      "10",
      "100",
      "1,000",
    ]);
    expect(ticks(1, 1000, 3, "log").length).toBeGreaterThan(20);
    expect(texts(1e-12, 1e12, 6, "log").filter(Boolean).length).toBeLessThan(9);
    expect(texts(2, 8, 4, "log")).toEqual(["2", "4", "6", "8"]);
    expect(texts(0, 10, 5, "log")).toEqual([]);
    const least = ticks(5e-324, 2e-322, 10, "log").map(tick => tick.at); // 1e-323 is 8e-324, and 9e-324, and 1.2e-323
    expect(least.length).toBeGreaterThan(5);
    expect(new Set(least).size).toBe(least.length);
  });

  it("are parts of hours and days", () => {
    expect(texts(0, 3_600e6, 4, "duration")).toEqual(["0s", "15m", "30m", "45m", "1h"]);
    expect(texts(0, 90e6, 5, "duration")).toEqual(["0s", "30s", "1m", "1m 30s"]);
    expect(texts(0, 4 * 86_400e6, 4, "duration").at(-1)).toBe("4d");
    expect(texts(0, 2e5, 4, "duration")).toEqual(["0s", "0.05s", "0.10s", "0.15s", "0.20s"]);
  });

  it("are dates", () => {
    const found = ticks(1_700_000_000e6, 1_700_600_000e6, 5, "time");
    expect(found.length).toBeGreaterThan(2);
    for (const { at } of found) expect(at % 1e6).toBe(0);
  });

  it("lie within the axis, ascend and differ, whatever it spans", () => {
    const bound = fc.double({ noNaN: true, min: -1e300, max: 1e300 });
    const kinds = fc.constantFrom<AxisKind>("number", "log", "duration");
    fc.assert(
      fc.property(bound, bound, fc.integer({ min: 2, max: 12 }), kinds, (a, b, count, kind) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const found = ticks(low, high, count, kind);
        expect(found.length).toBeLessThanOrEqual(kind === "log" ? 650 : 101);
        const room = (high - low) * 1e-6;
        found.forEach(({ at }, i) => {
          expect(at).toBeGreaterThanOrEqual(low - room);
          expect(at).toBeLessThanOrEqual(high + room);
          if (i) expect(at).toBeGreaterThan(found[i - 1]!.at);
        });
        const shown = found.map(tick => tick.text).filter(Boolean);
        if (kind === "number" && high - low > 1e-9 * Math.max(Math.abs(low), Math.abs(high)))
          expect(new Set(shown).size).toBe(shown.length);
      }),
      { numRuns: 300 },
    );
  });
});
