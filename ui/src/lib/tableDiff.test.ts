import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tableDiff } from "./tableDiff";

describe("tableDiff", () => {
  it("matches rows by a column that tells them apart", () => {
    const before = {
      columns: ["id", "loss", "old"],
      rows: [
        ["a", 1, 0],
        ["b", 2, 0],
      ],
    };
    const after = {
      columns: ["id", "loss", "new"],
      rows: [
        ["b", 3, 1],
        ["c", 4, 1],
      ],
    };
    const found = tableDiff(before, after);
    expect(found.by).toBe("id");
    expect(found.columns.map(column => `${column.name} ${column.kind}`)).toEqual([
      "id same",
      "loss same",
      "old removed",
      "new added",
    ]);
    expect(found.rows.map(row => row.kind)).toEqual(["removed", "changed", "added"]);
    expect(found.rows[1]?.cells[1]).toEqual({ before: 2, after: 3, changed: true });
  });

  it("matches by place where no column does", () => {
    const found = tableDiff({ columns: ["x"], rows: [[1], [1]] }, { columns: ["x"], rows: [[1], [2], [3]] });
    expect(found.by).toBeNull();
    expect(found.counts).toEqual({ same: 1, changed: 1, added: 1, removed: 0 });
  });

  it("finds no difference between a table and itself, and loses no row of two", () => {
    const rows = fc.array(fc.tuple(fc.nat(3), fc.constantFrom("a", null)));
    const table = rows.map(rows => ({ columns: ["n", "s"], rows }));
    fc.assert(
      fc.property(table, table, (one, other) => {
        expect(tableDiff(one, one).counts.same).toBe(one.rows.length);
        const { counts } = tableDiff(one, other);
        expect(counts.same + counts.changed + counts.removed).toBe(one.rows.length);
        expect(counts.same + counts.changed + counts.added).toBe(other.rows.length);
      }),
    );
  });
});
