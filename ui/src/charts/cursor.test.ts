import { describe, expect, it } from "vitest";
import { axisText, bucketText, placeOf, readingsAt, tipOf } from "./cursor";
import { wishOf } from "./keys";
import type { LineData, Shown } from "./line";

const trace = (id: string, x: number[], y: number[], more: Partial<Shown> = {}): Shown => {
  const values = Float64Array.from(y);
  return {
    id,
    run: id,
    key: "loss",
    context: null,
    x: Float64Array.from(x),
    wide: new Float64Array(x.length).fill(1),
    y: values,
    low: values,
    high: values,
    count: new Float64Array(x.length).fill(1),
    nan: new Float64Array(x.length),
    runs: null,
    shown: values,
    label: id,
    look: { colour: 0, dash: 0 },
    ...more,
  };
};
const pixel = (value: number) => 100 - value;
const data = { kind: "number", integral: true, axis: "step", smoothed: false } as LineData;
const ink = () => ({ colour: "", dash: [] });

describe("what the cursor reads", () => {
  it("is sorted by value, names the near one, and leaves out what has ended", () => {
    const traces = [
      trace("low", [0, 10, 20], [1, 2, 3]),
      trace("high", [0, 10, 20], [9, 8, 7]),
      trace("over", [0, 1], [5, 5]),
    ];
    const { rows, near } = readingsAt(traces, 11, pixel, pixel(2.2));
    expect(rows.map(row => [row.trace.id, row.value])).toEqual([
      ["high", 8],
      ["low", 2],
    ]);
    expect(near?.id).toBe("low");
    expect(readingsAt(traces, 11, pixel, null).near).toBeNull();
  });

  it("is a place for a comment: the step of the line that is near, within the bucket that is read", () => {
    const traces = [trace("low", [0, 10, 20], [1, 2, 3]), trace("high", [0, 10, 20], [9, 8, 7])];
    expect(placeOf(readingsAt(traces, 11.4, pixel, pixel(2.2)), 11.4)).toEqual({
      run: "low",
      key: "loss",
      step: 10,
    });
    expect(placeOf(readingsAt(traces, 11, pixel, 1_000), 11)?.run).toBe("high");
    const rough = [trace("rough", [31.5, 95.5], [1, 2], { wide: Float64Array.of(64, 64) })];
    const step = (x: number) => placeOf(readingsAt(rough, x, pixel, null), x)?.step;
    expect([step(-3), step(17.2), step(100), step(140)]).toEqual([0, 17, 100, 127]);
  });

  it("is no place for a comment where there is nothing, or only a group", () => {
    expect(placeOf({ rows: [], near: null }, 3)).toBeNull();
    expect(placeOf(readingsAt([trace("g", [0], [1], { run: null })], 0, pixel, null), 0)).toBeNull();
  });

  it("has what is no number last", () => {
    const { rows } = readingsAt([trace("a", [0], [Number.NaN]), trace("b", [0], [-5])], 0, pixel, null);
    expect(rows.map(row => row.trace.id)).toEqual(["b", "a"]);
  });

  it("lists ten lines, the near one among them whatever its rank", () => {
    const traces = Array.from({ length: 40 }, (_, i) => trace(`t${i}`, [0], [40 - i]));
    const text = tipOf(readingsAt(traces, 0, pixel, pixel(10)), data, 0, ink);
    expect(text.rows.length).toBe(10);
    expect(text.more).toBe(30);
    expect(text.rows.find(row => row.near)?.label).toBe("t30");
  });

  it("tells a bucket's steps as a range, and what stands behind", () => {
    expect(bucketText(data, 100, 1, 1)).toBe("100");
    expect(bucketText(data, 1_003.5, 8, 8)).toBe("1,000–1,007");
    expect(bucketText(data, 1_003.5, 8, 1)).toBe("within 1,000–1,007");
    expect(axisText({ kind: "duration", integral: true }, 61e6)).toBe("1m 1s");
    const wide = trace("a", [3.5], [5], {
      wide: Float64Array.of(8),
      low: Float64Array.of(1),
      high: Float64Array.of(9),
      count: Float64Array.of(8),
      nan: Float64Array.of(2),
    });
    const text = tipOf(readingsAt([wide], 4, pixel, null), data, 4, ink);
    expect(text.title).toBe("step 0–7");
    expect(text.rows[0]?.note).toBe("1 … 9 · 8 points · 2 NaN");
  });
});

describe("keys on a chart", () => {
  const press = (key: string, more: Partial<KeyboardEvent> = {}) =>
    wishOf({ key, ...more } as KeyboardEvent, 50, 200);
  it("move within the chart, zoom around the cursor, show all", () => {
    expect(press("ArrowRight")).toEqual({ kind: "move", at: 51 });
    expect(press("ArrowLeft", { shiftKey: true })).toEqual({ kind: "move", at: 30 });
    expect(press("End")).toEqual({ kind: "move", at: 200 });
    expect(press("+")).toEqual({ kind: "zoom", from: 0, to: 100 });
    expect(press("-")).toEqual({ kind: "zoom", from: -100, to: 300 });
    expect(press("0")).toEqual({ kind: "all" });
    expect(press("k")).toBeNull();
    expect(press("0", { ctrlKey: true })).toBeNull();
  });
});
