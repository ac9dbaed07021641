import { describe, expect, it } from "vitest";
import { encodePath, mediaKind, splitPath } from "./media";

describe("mediaKind", () => {
  it("goes by the suffix of the name alone", () => {
    for (const [path, kind] of [
      ["plots/a.PNG", "image"],
      ["x.svg", "image"],
      ["page.html", "html"],
      ["folder.html/file", "none"],
      ["model/MLmodel", "text"],
      ["a.tar.gz", "none"],
      ["table.parquet", "table"],
      ["notes.md", "markdown"],
      [".gitignore", "text"],
      ["", "none"],
    ] as const) {
      expect([path, mediaKind(path)]).toEqual([path, kind]);
    }
  });
});

describe("encodePath", () => {
  it("keeps the slashes and nothing else that means something in an address", () => {
    expect(encodePath("a b/c?d#e/100%.txt")).toBe("a%20b/c%3Fd%23e/100%25.txt");
  });
});

describe("splitPath", () => {
  it("parts folder and name", () => {
    expect(splitPath("a/b/c.txt")).toEqual(["a/b", "c.txt"]);
    expect(splitPath("c.txt")).toEqual(["", "c.txt"]);
  });
});
