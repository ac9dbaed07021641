import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { appended, foldLines, type Line, marked, plainText } from "./console";

const lines = fc.array(
  fc.tuple(fc.constantFrom("stdout" as const, "stderr" as const), fc.nat(), fc.constantFrom("a", "b", "")),
);

describe("foldLines", () => {
  it("folds what is printed again in a row", () => {
    const printed: Line[] = [
      ["stdout", 1, "a"],
      ["stdout", 2, "a"],
      ["stderr", 3, "a"],
      ["stdout", 4, ""],
      ["stdout", 5, ""],
    ];
    expect(foldLines(printed).map(item => [item.at, item.count])).toEqual([
      [0, 2],
      [2, 1],
      [3, 1],
      [4, 1],
    ]);
  });

  it("loses no line", () => {
    fc.assert(
      fc.property(lines, printed => {
        const again = foldLines(printed).flatMap(({ line, count }) =>
          Array(count).fill(`${line[0]} ${line[2]}`),
        );
        expect(again).toEqual(printed.map(line => `${line[0]} ${line[2]}`));
      }),
    );
  });
});

describe("marked", () => {
  it("marks without regard to case, and takes nothing for a pattern", () => {
    expect(
      marked("Loss: 0.5 loss", "loss")
        .filter(piece => piece.hit)
        .map(piece => piece.text),
    ).toEqual(["Loss", "loss"]);
    expect(marked("a.c abc", "a.c").filter(piece => piece.hit)).toHaveLength(1);
    expect(marked("İ x", "x").at(-1)).toEqual({ text: "x", hit: true });
  });

  it("keeps the text whole", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.string({ unit: "binary", maxLength: 2 }),
        (text, wanted) => {
          expect(
            marked(text, wanted)
              .map(piece => piece.text)
              .join(""),
          ).toBe(text);
        },
      ),
    );
  });
});

describe("plainText", () => {
  it("leaves out what is meant for terminals", () => {
    expect(plainText("\u001b[31mred\u001b[0m \u001b]0;title\u0007x\tend\r")).toBe("red x\tend");
  });
});

describe("appended", () => {
  it("drops the oldest beyond its bound", () => {
    const line = (text: string): Line => ["stdout", 0, text];
    expect(appended([line("a"), line("b")], [line("c")], 2).map(item => item[2])).toEqual(["b", "c"]);
  });
});
