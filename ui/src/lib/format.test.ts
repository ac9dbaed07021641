import { describe, expect, it } from "vitest";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatNumber,
  formatShortCount,
  formatTick,
  formatTime,
} from "./format";

describe("numbers", () => {
  it.each([
    [0, "0"],
    [1234567, "1,234,567"],
    [0.123456, "0.1235"],
    [-0.5, "−0.5"],
    [123.456789, "123.5"],
    [99999.99, "100,000"],
    [0.00001234, "1.234e−5"],
    [1.5e12, "1.5e12"],
    [0.0009999999, "0.001"],
    [Number.NaN, "NaN"],
    [null, "NaN"],
    [Infinity, "∞"],
    [-Infinity, "−∞"],
  ])("%s is %s", (value, text) => expect(formatNumber(value)).toBe(text));

  it("counts", () => {
    expect(formatCount(1000000)).toBe("1,000,000");
    expect([950, 12_345, 999_990, 4_560_000, 2e9].map(formatShortCount)).toEqual([
      "950",
      "12.3k",
      "1M",
      "4.56M",
      "2G",
    ]);
  });

  it.each([
    [0.25, 0.05, "0.25"],
    [0.3, 0.1, "0.3"],
    [20_000, 5_000, "20,000"],
    [1_500_000, 500_000, "1.5M"],
    [2_000_000, 1_000_000, "2M"],
    [1e-6, 1e-6, "1e−6"],
    [1.00002, 0.00001, "1.00002"],
    [3e12, 1e12, "3e12"],
  ])("a tick at %s, %s apart, is %s", (value, step, text) => expect(formatTick(value, step)).toBe(text));
});

describe("times", () => {
  it.each([
    [0, "0µs"],
    [1_500, "1.5ms"],
    [2_500_000, "2.5s"],
    [59_990_000, "1m"],
    [61_000_000, "1m 1s"],
    [3_600_000_000, "1h"],
    [5_400_000_000, "1h 30m"],
    [90_000_000_000, "1d 1h"],
    [-61_000_000, "−1m 1s"],
  ])("%s µs are %s", (us, text) => expect(formatDuration(us)).toBe(text));

  it("ages", () => {
    const now = 1_800_000_000e6;
    const ago = (s: number) => formatAge(now - s * 1e6, now);
    expect([5, 100, 7_000, 200_000].map(ago)).toEqual(["just now", "2 min ago", "2 h ago", "2 d ago"]);
    expect(ago(40 * 86_400)).toMatch(/^\d{4}-\d\d-\d\d$/);
  });

  it("is a date that sorts as a text", () => {
    expect(formatTime(0)).toMatch(/^19(69|70)-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect(formatTime(Number.NaN)).toBe("NaN");
  });

  it("sizes", () => {
    expect([0, 999, 1_500, 20e6, 3.2e12].map(formatBytes)).toEqual([
      "0 B",
      "999 B",
      "1.5 kB",
      "20 MB",
      "3.2 TB",
    ]);
  });
});
