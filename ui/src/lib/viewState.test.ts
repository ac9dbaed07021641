import fc from "fast-check";
import { expect, test } from "vitest";
import { readSort, readView, sortedBy, USUAL, writeView } from "./viewState";

test("a view is read as it was written, and the usual one is no text at all", () => {
  const state = fc.record({
    filter: fc.string(),
    order: fc.array(fc.string({ minLength: 1 }), { maxLength: 5 }),
    view: fc.constantFrom("active" as const, "deleted" as const),
    columns: fc.string(),
    group: fc.string(),
    mode: fc.constantFrom("table" as const, "split" as const, "charts" as const),
    drawn: fc.option(fc.array(fc.stringMatching(/^[0-9a-f]{32}$/), { maxLength: 5 })),
    panels: fc.string(),
  });
  fc.assert(
    fc.property(state, one => {
      expect(readView(new URLSearchParams(writeView(one).toString()))).toEqual(one);
    }),
  );
  expect(writeView(USUAL).toString()).toBe("");
});

test("what is not of the view stays in the address, and nonsense is as usual", () => {
  const before = new URLSearchParams("tab=x&mode=sideways&view=hidden&q=a");
  expect(readView(before)).toEqual({ ...USUAL, filter: "a" });
  expect(writeView({ ...USUAL, filter: "b" }, before).toString()).toBe("tab=x&q=b");
});

test("a head goes round three orders; with others it keeps them", () => {
  let order = sortedBy([], "metrics.loss", true);
  expect(order).toEqual(["metrics.loss DESC"]);
  order = sortedBy(order, "metrics.loss", true);
  expect(order).toEqual(["metrics.loss ASC"]);
  expect(sortedBy(order, "metrics.loss", true)).toEqual([]);
  expect(sortedBy(["name ASC"], "status", false, true)).toEqual(["name ASC", "status ASC"]);
  expect(sortedBy(["name ASC"], "status", false)).toEqual(["status ASC"]);
  expect(readSort("params.`a DESC` desc")).toEqual({ field: "params.`a DESC`", descending: true });
});
