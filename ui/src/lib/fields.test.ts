import fc from "fast-check";
import { expect, test } from "vitest";
import { cellOf, durationUs, type Field, fieldText, parseField, quoted, type Run } from "./fields";

const field: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ kind: fc.constantFrom("param" as const, "tag" as const), key: fc.string({ minLength: 1 }) }),
  fc.record({
    kind: fc.constant("metric" as const),
    key: fc.string({ minLength: 1, unit: "grapheme" }),
    aggregate: fc.constantFrom("last" as const, "min" as const, "max" as const),
  }),
  fc.record({
    kind: fc.constant("attribute" as const),
    name: fc.constantFrom("name" as const, "status" as const),
  }),
);

test("a field is read as it was written", () => {
  fc.assert(
    fc.property(field, one => {
      expect(parseField(fieldText(one))).toEqual(one);
    }),
  );
});

test.each([
  [{ kind: "metric", key: "loss", aggregate: "last" }, "metrics.loss"],
  [{ kind: "metric", key: "train/auc", aggregate: "max" }, "max(metrics.train/auc)"],
  [{ kind: "param", key: "learning rate" }, "params.`learning rate`"],
  [{ kind: "tag", key: "mlflow.user" }, "tags.mlflow.user"],
  [{ kind: "tag", key: "1a" }, "tags.`1a`"],
] as [Field, string][])("%j is written as the grammar has it", (one, text) =>
  expect(fieldText(one)).toBe(text),
);

test.each(["", "nothing", "metrics.", "params.a b", "min(params.a)", "constructor"])("%j is no field", text =>
  expect(parseField(text)).toBeNull(),
);

const run = {
  id: "a",
  name: "first",
  start_us: 1_000,
  end_us: null,
  status: "running",
  params: { lr: "0.1" },
  tags: {},
  metrics: { loss: { last: null, min: 0, max: 2, step: 1, time_us: 1 } },
} as unknown as Run;

test("a NaN and nothing are two things", () => {
  expect(cellOf(run, { kind: "metric", key: "loss", aggregate: "last" })).toBeNaN();
  expect(cellOf(run, { kind: "metric", key: "loss", aggregate: "max" })).toBe(2);
  expect(cellOf(run, { kind: "metric", key: "auc", aggregate: "last" })).toBeUndefined();
  expect(cellOf(run, { kind: "param", key: "lr" })).toBe("0.1");
});

test("a running run has taken as long as until now, a lost one nobody knows how long", () => {
  expect(durationUs(run, 5_000)).toBe(4_000);
  expect(durationUs({ ...run, status: "lost" } as Run, 5_000)).toBeUndefined();
  expect(durationUs({ ...run, end_us: 3_000 } as Run, 5_000)).toBe(2_000);
});

test("quotes are doubled", () => expect(quoted("it's")).toBe("'it''s'"));
