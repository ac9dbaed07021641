import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CHART, decodeSettings, encodeSettings, type PanelSettings, SETTINGS, settingsOf } from "./settings";

const chart = fc.record({
  x: fc.constantFrom("step", "relative_time", "time", "metric"),
  xMetric: fc.string(),
  logX: fc.boolean(),
  logY: fc.boolean(),
  smoothing: fc.record({
    kind: fc.constantFrom("none", "ema", "gaussian", "mean"),
    amount: fc.double({ min: 0, max: 0.999, noNaN: true }).map(amount => amount + 0),
  }),
  value: fc.constantFrom("mean", "last", "min", "max"),
  group: fc.string(),
  spread: fc.constantFrom("range", "deviation", "quartiles", "none"),
  cropped: fc.boolean(),
  yLow: fc.option(fc.integer()),
  yHigh: fc.option(fc.integer()),
});
const partly = fc
  .subarray(Object.keys(CHART))
  .chain(fields =>
    chart.map(whole => Object.fromEntries(fields.map(field => [field, whole[field as keyof typeof whole]]))),
  );
const settings = fc.record({
  all: chart,
  panels: fc.uniqueArray(
    fc.record({
      id: fc.string(),
      kind: fc.constantFrom("line", "bar", "scatter", "parallel", "heatmap"),
      title: fc.string(),
      keys: fc.array(fc.string(), { maxLength: 5 }),
      own: partly,
    }),
    { selector: panel => panel.id, maxLength: 5 },
  ),
  own: fc.dictionary(
    fc.string(),
    partly.filter(own => Object.keys(own).length > 0),
  ),
  closed: fc.array(fc.string()),
  search: fc.string(),
  across: fc.integer({ min: 0, max: 6 }),
  zoom: fc.option(fc.record({ axis: fc.string(), range: fc.integer().map(low => [low, low + 1.5]) })),
}) as fc.Arbitrary<PanelSettings>;

describe("settings of panels", () => {
  it("come back from the address as they were", () => {
    fc.assert(
      fc.property(settings, given => {
        const own = { ...given.own };
        expect(decodeSettings(encodeSettings(given))).toEqual({ ...given, own });
      }),
    );
    expect(encodeSettings(SETTINGS)).toBe("");
  });

  it("pass over what cannot be read, whatever it is", () => {
    fc.assert(
      fc.property(fc.json(), text => {
        const found = decodeSettings(text);
        expect(found.all.smoothing.amount).toBeLessThan(1);
        expect(Array.isArray(found.panels)).toBe(true);
        expect(decodeSettings(encodeSettings(found))).toEqual(found);
      }),
    );
    expect(decodeSettings("{")).toBe(SETTINGS);
    expect(decodeSettings('{"a":{"x":"sideways","s":["ema",7],"ly":1},"p":[{"t":"pie"}],"w":99}')).toEqual({
      ...SETTINGS,
      all: { ...CHART, logY: true },
    });
  });

  it("of one panel stand before those of all", () => {
    const given = decodeSettings('{"a":{"ly":1},"o":{"loss":{"ly":0,"y0":1}}}');
    const panel = { id: "loss", kind: "line", title: "", keys: ["loss"], own: {} } as const;
    expect(settingsOf(given, { ...panel, keys: ["loss"] })).toEqual({ ...CHART, logY: false, yLow: 1 });
    expect(settingsOf(given, { ...panel, id: "acc", keys: ["acc"] }).logY).toBe(true);
  });
});
