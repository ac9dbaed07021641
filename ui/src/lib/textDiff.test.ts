import { diffLines } from "diff";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DiffRow, diffCounts, diffRows } from "./textDiff";

const show = (row: DiffRow) =>
  row.kind === "skipped"
    ? `... ${row.count}`
    : `${row.kind[0]} ${row.left?.text ?? "-"} | ${row.right?.text ?? "-"}`;

describe("diffRows", () => {
  it("puts what differs opposite each other, and folds what does not", () => {
    const before = "1\n2\n3\n4\n5\n6\nold\n7\n";
    const after = "1\n2\n3\n4\n5\n6\nnew\nnewer\n7\n";
    expect(diffRows(diffLines(before, after), 1).map(show)).toEqual([
      "... 5",
      "s 6 | 6",
      "c old | new",
      "c - | newer",
      "s 7 | 7",
    ]);
    expect(diffCounts(diffLines(before, after))).toEqual({ added: 2, removed: 1 });
  });

  it("has every line of both, numbered", () => {
    const texts = fc
      .array(fc.constantFrom("a", "b", "", "c"))
      .map(lines => lines.map(line => `${line}\n`).join(""));
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        const rows = diffRows(diffLines(before, after), 1_000);
        const side = (of: "left" | "right") =>
          rows.flatMap(row => (row.kind !== "skipped" && row[of] !== null ? [row[of]] : []));
        expect(rows.some(row => row.kind === "changed") || before === after).toBe(true);
        if (before !== after) {
          expect(
            side("left")
              .map(one => `${one.text}\n`)
              .join(""),
          ).toBe(before);
          expect(
            side("right")
              .map(one => `${one.text}\n`)
              .join(""),
          ).toBe(after);
          expect(side("left").map(one => one.number)).toEqual(side("left").map((_, at) => at + 1));
        }
      }),
    );
  });
});
