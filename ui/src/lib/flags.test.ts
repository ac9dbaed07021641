import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Comment } from "../api/comments";
import { type Flagged, flaggedOf, flagName, flagsOf } from "./flags";
import type { Scale } from "./scales";

const comment = (step: number | null, more: Partial<Comment> = {}): Comment => ({
  id: `c-${step}`,
  run: "r",
  key: "loss",
  step,
  text: "",
  author: "ada",
  created_us: 1,
  edited_us: null,
  edited_by: null,
  origin: null,
  may_change: false,
  ...more,
});
const look = { colour: 3, dash: 0 };
const flagged = (step: number, more: Partial<Comment> = {}): Flagged => ({
  comment: comment(step, more),
  step,
  look,
});
const axis: Scale = { log: false, low: 0, high: 100, from: 50, to: 450 };
const steps = (some: readonly Flagged[], x: Scale, apart = 20) =>
  flagsOf(some, x, apart).map(({ said }) => said.map(({ step }) => step));

describe("which comments have flags", () => {
  it("is those on steps of lines that are drawn, in the look of their line", () => {
    const lines = [
      { run: "r", key: "loss", look },
      { run: "r", key: "loss", look: { colour: 5, dash: 1 } },
      { run: null, key: "loss", look },
    ];
    const said = [
      comment(3),
      comment(null),
      comment(4, { key: "accuracy" }),
      comment(5, { run: "other" }),
      comment(6, { key: null }),
    ];
    expect(flaggedOf(said, lines)).toEqual([flagged(3)]);
    expect(flaggedOf(said, [])).toEqual([]);
  });
});

describe("where flags stand", () => {
  it("is at their step, those that are near together, none outside of the window", () => {
    const some = [90, 0, 100, 101, -1, 3, 9].map(step => flagged(step));
    expect(steps(some, axis)).toEqual([[0, 3], [9], [90], [100]]);
    expect(flagsOf(some, axis, 20).map(({ at }) => at)).toEqual([50, 86, 410, 450]);
    expect(steps(some, { ...axis, low: 0, high: 10 })).toEqual([[0], [3], [9]]);
  });

  it("has the oldest of a step first", () => {
    const some = [flagged(5, { id: "late", created_us: 9 }), flagged(5, { id: "early", created_us: 2 })];
    expect(flagsOf(some, axis)[0]?.said.map(one => one.comment.id)).toEqual(["early", "late"]);
  });

  it("leaves out what a logarithm has no place for", () => {
    const log = { ...axis, log: true, low: 1 };
    expect(steps([flagged(-5), flagged(0), flagged(1), flagged(100)], log)).toEqual([[1], [100]]);
  });

  it("never lays one upon another, and shows each that is within exactly once", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -200, max: 200 })),
        fc.integer({ min: -150, max: 150 }),
        fc.integer({ min: 1, max: 300 }),
        (all, low, wide) => {
          const x = { ...axis, low, high: low + wide };
          const flags = flagsOf(
            all.map(step => flagged(step)),
            x,
            20,
          );
          for (const [i, { at }] of flags.slice(1).entries())
            expect(at - flags[i]!.at).toBeGreaterThanOrEqual(20);
          const within = all.filter(step => step >= low && step <= low + wide).sort((a, b) => a - b);
          expect(flags.flatMap(({ said }) => said.map(({ step }) => step))).toEqual(within);
        },
      ),
    );
  });
});

describe("what a flag is called", () => {
  const name = (...said: Flagged[]) => flagName({ at: 0, said });
  it("says whose comment it is, or how many they are, and at which steps", () => {
    expect(name(flagged(1_200))).toBe("Comment of ada at step 1,200");
    expect(name(flagged(3, { origin: { author: "bob", created_us: 1 } }))).toBe("Comment of bob at step 3");
    expect(name(flagged(3), flagged(3))).toBe("2 comments at step 3");
    expect(name(flagged(3), flagged(4), flagged(9))).toBe("3 comments at steps 3 to 9");
  });
});
