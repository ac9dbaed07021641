import fc from "fast-check";
import { expect, test } from "vitest";
import { fieldText } from "./fields";
import {
  type Column,
  column,
  decodeColumns,
  encodeColumns,
  moved,
  usualColumns,
  withColumn,
} from "./tableColumns";

const some: fc.Arbitrary<Column[]> = fc.uniqueArray(
  fc
    .tuple(
      fc.string({ minLength: 1 }),
      fc.boolean(),
      fc.option(fc.integer({ min: 56, max: 640 }), { nil: undefined }),
    )
    .map(([key, pinned, width]) => column(fieldText({ kind: "param", key }), pinned, width) as Column),
  { selector: one => one.text, maxLength: 8 },
);

test("columns are read as they were written", () => {
  fc.assert(
    fc.property(some, columns => {
      expect(decodeColumns(encodeColumns(columns))).toEqual(columns);
    }),
  );
});

test("an old or broken address shows what can be read", () => {
  expect(decodeColumns("name*,nonsense,,metrics.loss!9999,metrics.loss,!!").map(one => one.text)).toEqual([
    "name",
    "metrics.loss",
  ]);
  expect(decodeColumns("")).toEqual([]);
});

const abc = ["name", "status", "user"].map(text => column(text, text === "name") as Column);

test("a column goes where it is put, and is pinned among the pinned", () => {
  expect(moved(abc, "user", "status").map(one => one.text)).toEqual(["name", "user", "status"]);
  expect(moved(abc, "user", "name").map(one => [one.text, one.pinned])).toEqual([
    ["user", true],
    ["name", true],
    ["status", false],
  ]);
  expect(moved(abc, "name", null).map(one => one.text)).toEqual(["status", "user", "name"]);
  expect(withColumn(abc, "status", null)).toHaveLength(2);
  expect(withColumn(abc, "status", { width: 1 })[1]?.width).toBe(56);
});

test("what most runs have is shown at first, without what a machine logged about itself", () => {
  const keys = [
    { kind: "metric" as const, key: "system/cpu", runs: 9 },
    { kind: "metric" as const, key: "loss", runs: 5 },
    { kind: "param" as const, key: "a b", runs: 5 },
    { kind: "tag" as const, key: "mlflow.user", runs: 9 },
  ];
  const texts = usualColumns(keys, false).map(one => one.text);
  expect(texts).toContain("metrics.loss");
  expect(texts).toContain("params.`a b`");
  expect(texts.join()).not.toMatch(/system|mlflow/);
  expect(texts[0]).toBe("name");
});
