import { describe, expect, it } from "vitest";
import { filePairs } from "./pairs";

describe("filePairs", () => {
  it("tells by size and digest what differs, and by neither where a digest is missing", () => {
    const left = [
      { path: "same", size: 1, blake3: "a" },
      { path: "other", size: 1, blake3: "a" },
      { path: "grown", size: 1, blake3: "" },
      { path: "new", size: 1, blake3: "" },
      { path: "only left", size: 1 },
    ];
    const right = [
      { path: "same", size: 1, blake3: "a" },
      { path: "other", size: 1, blake3: "b" },
      { path: "grown", size: 2, blake3: "" },
      { path: "new", size: 1, blake3: "c" },
      { path: "only right", size: 1 },
    ];
    expect(Object.fromEntries(filePairs(left, right).map(pair => [pair.path, pair.kind]))).toEqual({
      same: "same",
      other: "differs",
      grown: "differs",
      new: "unknown",
      "only left": "left",
      "only right": "right",
    });
  });
});
