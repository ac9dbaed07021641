import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellText, parseTable, tableOf } from "./tables";

describe("parseTable", () => {
  it("reads a table, and nothing else", () => {
    expect(parseTable('{"columns": ["a", 1], "data": [[1, null]]}')).toEqual({
      columns: ["a", "1"],
      rows: [[1, null]],
    });
    for (const text of ["", "[]", "null", '{"columns": []}', '{"columns": ["a"], "data": [1]}', "text ] }"]) {
      expect(parseTable(text)).toBeUndefined();
    }
  });

  it("has the rows that are whole where the end is cut off", () => {
    const cell = fc.oneof(fc.integer(), fc.constantFrom("a]", '"],[', "b"));
    const rows = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(rows, fc.nat(300), (rows, cut) => {
        const head = '{"columns": ["a", "b"], "data": [';
        const text = `${head}${rows.map(row => JSON.stringify(row)).join(", ")}]}`;
        const found = parseTable(text.slice(0, Math.max(head.length + 60, text.length - cut)));
        if (found !== undefined) expect(found.rows).toEqual(rows.slice(0, found.rows.length));
      }),
    );
    const found = parseTable('{"columns": ["a"], "data": [["x"], ["y]"], ["z');
    expect(found?.rows).toEqual([["x"], ["y]"]]);
  });
});

describe("cells", () => {
  it("are read as people write them", () => {
    expect([null, "a", 1.5, true, { a: 1 }].map(cellText)).toEqual(["", "a", "1.5", "true", '{"a":1}']);
    expect(tableOf(undefined)).toBeUndefined();
  });
});
