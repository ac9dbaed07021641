import { describe, expect, it } from "vitest";
import { cellAxis, cellPixel, cellTicks, cellWithin } from "./columns";
import { cellOf, columnsOf, columnTitle, type Facts, groupsOf, tellingParams } from "./facts";
import { matcher, sectionsOf, titleOf } from "./sections";
import { fileName, toCsv } from "./table";

const run = (id: string, more: Partial<Facts> = {}): Facts => ({
  id,
  name: `run ${id}`,
  start_us: 1_000_000,
  end_us: 3_000_000,
  params: {},
  tags: {},
  metrics: {},
  ...more,
});
const runs = [
  run("a", {
    params: { lr: "1e-3", opt: "adam", n: "3" },
    metrics: { loss: { last: 0.5, min: 0.1, max: "Infinity" } },
  }),
  run("b", {
    params: { lr: "0.01", opt: "sgd", n: "3" },
    metrics: { loss: { last: null, min: null, max: null } },
  }),
  run("c", { params: { opt: "adam" }, tags: { team: "x", "mlflow.user": "y" } }),
];

describe("columns of runs", () => {
  it("are numbers where they are", () => {
    const cells = (column: string) => runs.map(one => cellOf(one, column));
    expect(cells("params.lr")).toEqual([0.001, 0.01, null]);
    expect(cells("params.opt")).toEqual(["adam", "sgd", "adam"]);
    expect(cells("metrics.loss")).toEqual([0.5, null, null]);
    expect(cells("min(metrics.loss)")).toEqual([0.1, null, null]);
    expect(cells("max(metrics.loss)")).toEqual([Infinity, null, null]);
    expect(cells("duration")).toEqual([2e6, 2e6, 2e6]);
    expect(columnTitle("min(metrics.loss)")).toBe("min(loss)");
    expect(columnsOf(runs)).toEqual([
      "metrics.loss",
      "params.lr",
      "params.n",
      "params.opt",
      "duration",
      "start_time",
      "tags.team",
    ]);
    expect(tellingParams(runs)).toEqual(["params.lr", "params.opt"]);
  });

  it("group runs, also those without it", () => {
    expect([...groupsOf(runs, "params.opt")]).toEqual([
      ["adam", ["a", "c"]],
      ["sgd", ["b"]],
    ]);
    expect([...groupsOf(runs, "params.lr").keys()]).toEqual(["(none)", "0.01", "1e-3"]);
  });

  it("have axes of numbers or of texts", () => {
    const texts = cellAxis("params.opt", ["sgd", "adam", null]);
    expect(texts.texts).toEqual(["adam", "sgd"]);
    expect(cellPixel(texts, "adam", 100, 0)).toBe(75);
    expect(cellPixel(texts, "other", 100, 0)).toBeNaN();
    expect(cellWithin(texts, "sgd", [0.5, 2])).toBe(true);
    expect(cellTicks(texts, 5).map(tick => tick.text)).toEqual(["adam", "sgd"]);
    const numbers = cellAxis("params.lr", [0.001, 0.1, null], true);
    expect(numbers.log).toBe(true);
    expect(cellPixel(numbers, 0.01, 100, 0)).toBeCloseTo(50, 9);
    expect(cellAxis("x", [-1, 1], true).log).toBe(false);
    expect(cellPixel(cellAxis("x", []), null, 0, 1)).toBeNaN();
  });
});

describe("sections", () => {
  it("are what stands before the last slash", () => {
    const found = sectionsOf(["system/cpu", "train/loss", "acc", "train/acc", "val/top/10", "val/top/9"]);
    expect(found.map(section => [section.name, section.keys])).toEqual([
      ["", ["acc"]],
      ["train", ["train/acc", "train/loss"]],
      ["val/top", ["val/top/9", "val/top/10"]],
      ["system", ["system/cpu"]],
    ]);
    expect(titleOf("train/loss", "train")).toBe("loss");
  });

  it("are searched by words, or a pattern", () => {
    const names = ["train/loss", "val/loss", "val/acc"];
    expect(names.filter(matcher("loss VAL"))).toEqual(["val/loss"]);
    expect(names.filter(matcher("/^val.*c$/"))).toEqual(["val/acc"]);
    expect(names.filter(matcher("/(/"))).toEqual([]);
    expect(names.filter(matcher(" "))).toEqual(names);
  });
});

it("tables are CSV that no spreadsheet runs", () => {
  const rows = [
    ["=1+1", 1.5, null],
    ['a "b", c', Number.NaN, -2],
  ];
  expect(toCsv({ columns: ["name", "x", "y"], rows })).toBe(
    `name,x,y\r\n'=1+1,1.5,\r\n"a ""b"", c",NaN,-2\r\n`,
  );
  expect(fileName("../train/loss", "csv")).toBe("train-loss.csv");
  expect(fileName("///", "png")).toBe("chart.png");
});
