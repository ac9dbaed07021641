import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allSteps, type LoggedValue, mlflowImages, shownOf, stepAtOrBefore, valueSeries } from "./values";

const value = (kind: string, document: unknown, step = 0, key = "k"): LoggedValue => ({
  key,
  step,
  time_us: step,
  kind,
  document,
});

describe("valueSeries", () => {
  it("has each key once, its values by step", () => {
    const found = valueSeries([value("text", "b", 3), value("text", "a", 1), value("image", {}, 1, "i")]);
    expect(found.map(one => [one.key, one.kind, one.steps])).toEqual([
      ["k", "text", [1, 3]],
      ["i", "image", [1]],
    ]);
    expect(found[0]?.at.get(3)?.[0]?.document).toBe("b");
  });
});

describe("stepAtOrBefore", () => {
  it("is what going through all finds", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -50, max: 50 })),
        fc.integer({ min: -60, max: 60 }),
        (all, step) => {
          const steps = allSteps([{ steps: all }]);
          expect(stepAtOrBefore(steps, step)).toBe(steps.filter(one => one <= step).at(-1));
        },
      ),
    );
  });
});

describe("shownOf", () => {
  it("knows what the SDK logs", () => {
    expect(shownOf(value("image", { path: "media/a.png", caption: "a cat" }))).toEqual({
      type: "images",
      paths: ["media/a.png"],
      captions: ["a cat"],
    });
    expect(shownOf(value("figure", { format: "png", path: "media/f.png" })).type).toBe("images");
    expect(shownOf(value("table", { columns: ["a"], rows: 3, path: "t.json" }))).toEqual({
      type: "table",
      path: "t.json",
      rows: 3,
    });
    expect(shownOf(value("text", { begin: "It was", characters: 9_000, path: "t.txt" }))).toEqual({
      type: "text",
      text: "It was",
      characters: 9_000,
      path: "t.txt",
    });
    const histogram = { edges: [0, 1, 2], counts: [3, 4], nan: 1, infinite: 0, min: 0, max: 2 };
    expect(shownOf(value("histogram", histogram))).toEqual({
      type: "histogram",
      edges: [0, 1, 2],
      counts: [3, 4],
      nan: 1,
      infinite: 0,
    });
  });

  it("knows what W&B's client logs", () => {
    const many = { _type: "images/separated", filenames: ["a.png", "b.png"], captions: ["x", false] };
    expect(shownOf(value("image", many))).toEqual({
      type: "images",
      paths: ["a.png", "b.png"],
      captions: ["x", ""],
    });
    expect(shownOf(value("histogram", { values: [1], bins: [0, 1] })).type).toBe("histogram");
    expect(shownOf(value("text", "hello"))).toEqual({ type: "text", text: "hello" });
  });

  it("shows as it is what is not as its kind should be", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("image", "table", "histogram", "text", "audio", "html", "x"),
        fc.jsonValue(),
        (kind, of) => {
          const shown = shownOf(value(kind, of));
          if (shown.type === "other") expect(shown.document).toEqual(of);
        },
      ),
    );
    expect(shownOf(value("histogram", { edges: [0], counts: [1] })).type).toBe("other");
  });
});

describe("mlflowImages", () => {
  it("reads key, step and time from the names, and leaves small copies out", () => {
    const at = "images/train#dog%step%3%timestamp%1700000000000%g1-2-3";
    expect(mlflowImages([`${at}.png`, `${at}%compressed.webp`, "images/cat.png", "other.txt"])).toEqual([
      {
        key: "train/dog",
        step: 3,
        time_us: 1_700_000_000_000_000,
        kind: "image",
        document: { path: `${at}.png` },
      },
    ]);
  });
});
