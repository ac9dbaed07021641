import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Drawn, project, rangeOf, saying, spanOf } from "./pixels";
import { padded, type Scale } from "./scales";
import { joined, smoothed, type Trace } from "./traces";

/** What the server makes of points: buckets of a power of two that begin at multiples of it. */
function bucketed(points: [x: number, y: number][], exponent: number): Trace {
  const width = 2 ** exponent;
  const found = new Map<number, number[]>();
  for (const [x, y] of points) {
    const at = Math.floor(x / width);
    const values = found.get(at);
    if (values) values.push(y);
    else found.set(at, [y]);
  }
  const rows = [...found].sort((a, b) => a[0] - b[0]);
  const column = (of: (values: number[], at: number) => number) =>
    Float64Array.from(rows, ([at, values]) => of(values, at));
  const y = column(values => values.reduce((a, b) => a + b, 0) / values.length);
  return {
    id: "r",
    run: "r",
    context: null,
    x: column((_, at) => at * width + (width - 1) / 2),
    wide: column(() => width),
    y,
    low: column(values => values.reduce((a, b) => Math.min(a, b))),
    high: column(values => values.reduce((a, b) => Math.max(a, b))),
    count: column(values => values.length),
    nan: column(() => 0),
    runs: null,
    shown: y,
  };
}

/** The least and greatest pixel that is drawn in a column of pixels: extremes, and the line. */
function drawnAt(drawn: Drawn, column: number): [number, number] {
  let [upper, lower] = [Infinity, -Infinity];
  drawn.left.forEach((left, i) => {
    if (column < left || column >= left + drawn.width[i]!) return;
    upper = Math.min(upper, drawn.top[i]!);
    lower = Math.max(lower, drawn.bottom[i]!);
  });
  drawn.at.forEach((at, i) => {
    if (Math.floor(at) !== column) return;
    upper = Math.min(upper, drawn.shown[i]!);
    lower = Math.max(lower, drawn.shown[i]!);
  });
  return [upper, lower];
}

const y = (low: number, high: number): Scale => ({ log: false, low, high, from: 200, to: 0 });

describe("pixels", () => {
  it("each point lies within what is drawn where it is, at every zoom", () => {
    const points = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: -100, max: 100 })),
      {
        minLength: 1,
        maxLength: 300,
      },
    );
    fc.assert(
      fc.property(
        points,
        fc.integer({ min: 0, max: 12 }),
        fc.integer({ min: 20, max: 400 }),
        fc.boolean(),
        (given, exponent, wide, zoomed) => {
          const trace = bucketed(given, exponent);
          const [low, high] = zoomed ? [1_000, 2_000] : [0, 5_000];
          const x: Scale = { log: false, low, high, from: 0, to: wide };
          const drawn = project(trace, x, y(-110, 110));
          for (const [at, value] of given) {
            const width = 2 ** exponent;
            const first = Math.floor(at / width) * width;
            if (first < low || first + width > high) continue;
            // A bucket is drawn as wide as it is, at least a pixel: any of its columns shows the point.
            const middle = (first + (width - 1) / 2 - low) * (wide / (high - low));
            const start = Math.floor((first - 0.5 - low) * (wide / (high - low)));
            const pixel = 200 - ((value + 110) / 220) * 200;
            const seen = [Math.floor(middle), start].map(column => drawnAt(drawn, column));
            expect(Math.min(...seen.map(([upper]) => upper))).toBeLessThanOrEqual(pixel + 1e-6);
            expect(Math.max(...seen.map(([, lower]) => lower))).toBeGreaterThanOrEqual(pixel - 1e-6);
          }
        },
      ),
    );
  });

  it("one spike among many is drawn in full colour, wherever it is", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999 }), fc.integer({ min: 7, max: 12 }), (spike, exponent) => {
        const points = Array.from({ length: 100_000 }, (_, i): [number, number] => [
          i,
          i === spike ? 50 : (i % 10) / 10,
        ]);
        const trace = bucketed(points, exponent);
        const drawn = project(trace, { log: false, low: 0, high: 100_000, from: 0, to: 500 }, y(0, 50));
        const lone = [...drawn.lone].flatMap((is, i) => (is ? [i] : []));
        expect(lone.length).toBe(1);
        expect(drawn.top[lone[0]!]).toBeCloseTo(0, 6);
      }),
      { numRuns: 10 },
    );
  });

  it("NaN, infinities and what a logarithm has no place for are marked", () => {
    const trace = bucketed(
      [
        [0, 1],
        [10, -1],
        [20, 5],
        [30, Infinity],
      ],
      0,
    );
    trace.nan[0] = 1;
    const scale: Scale = { log: true, low: 0.1, high: 10, from: 200, to: 0 };
    const drawn = project(trace, { log: false, low: 0, high: 30, from: 0, to: 300 }, scale);
    expect(drawn.marks).toEqual([
      { x: 0, kind: "nan" },
      { x: 100, kind: "below" },
      { x: 300, kind: "above" },
    ]);
    expect(drawn.shown[1]).toBeNaN();
    expect(saying([trace], { log: true, low: 1, high: 30, from: 0, to: 300 }, true).left).toBe(2);
  });

  it("ranges are those of the extremes within the window", () => {
    const trace = bucketed(
      [
        [0, 1],
        [1, 9],
        [100, -3],
        [200, 50],
      ],
      1,
    );
    expect(rangeOf([trace], false)).toEqual([-3, 50]);
    expect(rangeOf([trace], true)).toEqual([1, 50]);
    expect(rangeOf([trace], false, [0, 50])).toEqual([1, 9]);
    expect(rangeOf([], false)).toBeNull();
    expect(spanOf([trace], false, true)).toEqual([0, 201]);
    expect(spanOf([trace], true, true)).toEqual([1, 201]);
    expect(padded([5, 5], false)).toEqual([4.5, 5.5]);
    expect(padded([0, 0], false)).toEqual([-1, 1]);
    expect(padded([-Number.MAX_VALUE, Number.MAX_VALUE], false).every(Number.isFinite)).toBe(true);
  });

  it("says how many points stand behind a pixel", () => {
    const trace = bucketed(
      Array.from({ length: 1_000 }, (_, i): [number, number] => [i, i]),
      4,
    );
    const said = saying([trace], { log: false, low: 0, high: 1_000, from: 0, to: 100 }, false);
    expect(said.points).toBe(1_000);
    expect(said.buckets).toBe(63);
    expect(said.behind).toBe(10);
    const zoomed = saying([trace], { log: false, low: 0, high: 100, from: 0, to: 1_600 }, false);
    expect(zoomed.behind).toBe(1);
    expect(zoomed.points).toBeLessThan(130);
  });
});

describe("traces", () => {
  const wave = (n: number): [number, number][] => Array.from({ length: n }, (_, i) => [i, Math.sin(i / 300)]);

  it("are smoothed in a zoom as they are from afar", () => {
    const points = wave(8_192);
    const whole = bucketed(points, 6);
    const zoomed = bucketed(points.slice(4_096, 4_608), 2);
    const smoothing = { kind: "ema", amount: 0.98 } as const;
    const all = smoothed(bucketed(points, 2), smoothing, 8_192);
    const part = smoothed(zoomed, smoothing, 8_192, whole);
    expect(part.shown.length).toBe(zoomed.x.length);
    for (const [i, value] of part.shown.entries()) expect(value).toBeCloseTo(all.shown[1_024 + i]!, 2);
    // Without what lies to the left it would begin at its own first value.
    expect(Math.abs(smoothed(zoomed, smoothing, 8_192).shown[0]! - all.shown[1_024]!)).toBeGreaterThan(0.02);
  });

  it("join", () => {
    const [a, b] = [bucketed(wave(64), 0), bucketed(wave(256).slice(64), 3)];
    const both = joined([a, b]);
    expect(both.x.length).toBe(64 + 24);
    expect([...both.x]).toEqual([...both.x].sort((p, q) => p - q));
  });
});
