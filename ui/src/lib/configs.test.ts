import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Branch, chosen, filterTree, paramTree, sideBySide } from "./configs";

function leaves(tree: readonly Branch[]): [string, string][] {
  return tree.flatMap(branch => [
    ...(branch.value === undefined ? [] : [[branch.path, branch.value] as [string, string]]),
    ...leaves(branch.children),
  ]);
}

const keys = fc.stringMatching(/^[ab./1]{1,8}$/);

describe("paramTree", () => {
  it("nests what the keys nest", () => {
    const tree = paramTree({ "net.layers": "2", "net.act": "relu", lr: "0.10", "data/train/path": "x" });
    expect(tree).toEqual([
      { name: "data/train/path", path: "data/train/path", value: "x", children: [] },
      { name: "lr", path: "lr", value: "0.10", children: [] },
      {
        name: "net",
        path: "net",
        children: [
          { name: "act", path: "net.act", value: "relu", children: [] },
          { name: "layers", path: "net.layers", value: "2", children: [] },
        ],
      },
    ]);
  });

  it("has every param once, whatever the keys are like", () => {
    fc.assert(
      fc.property(fc.dictionary(keys, fc.string()), params => {
        expect(leaves(paramTree(params)).sort()).toEqual(Object.entries(params).sort());
      }),
    );
  });

  it("counts as people do", () => {
    expect(paramTree({ layer10: "", layer2: "" }).map(branch => branch.name)).toEqual(["layer2", "layer10"]);
  });
});

describe("chosen", () => {
  it("leaves out what nobody set", () => {
    const params = { lr: "0.1", "net.act": "relu", "net.layers": "2" };
    expect(chosen(params, new Set(["net.act", "gone"]))).toEqual({ lr: "0.1", "net.layers": "2" });
    expect(chosen(params, new Set())).toEqual(params);
  });
});

describe("filterTree", () => {
  const tree = paramTree({ "net.layers": "2", "net.act": "relu", lr: "0.1" });

  it("keeps what has the text, and where it is", () => {
    expect(leaves(filterTree(tree, "ReLU"))).toEqual([["net.act", "relu"]]);
    expect(leaves(filterTree(tree, "net"))).toHaveLength(2);
    expect(filterTree(tree, "nothing")).toEqual([]);
    expect(filterTree(tree, " ")).toEqual(tree);
  });
});

describe("sideBySide", () => {
  it("tells what differs, and what one of them lacks", () => {
    const rows = sideBySide<string>([
      { lr: "1", seed: "7" },
      { lr: "2", seed: "7" },
      { seed: "7", extra: "" },
    ]);
    expect(rows).toEqual([
      { key: "extra", values: [undefined, undefined, ""], differs: true },
      { key: "lr", values: ["1", "2", undefined], differs: true },
      { key: "seed", values: ["7", "7", "7"], differs: false },
    ]);
  });

  it("takes no key for one that every object has", () => {
    const [row] = sideBySide<string>([{ toString: "x" }, {}]);
    expect(row).toEqual({ key: "toString", values: ["x", undefined], differs: true });
  });

  it("differs where two of them do", () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.constantFrom("a", "b")), { minLength: 1, maxLength: 5 }), values => {
        const [row] = sideBySide<string>(
          values.map(value => (value === null ? {} : { k: value }) as Record<string, string>),
        );
        expect(row?.differs ?? false).toBe(new Set(values).size > 1);
      }),
    );
  });
});
