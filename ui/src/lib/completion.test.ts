import fc from "fast-check";
import { expect, test } from "vitest";
import { faultAt, operatorsOf, placeAt, take } from "./completion";

/** What is wanted at the bar of the text. */
function at(marked: string) {
  const caret = marked.indexOf("|");
  return placeAt(marked.replace("|", ""), caret);
}

test.each([
  ["|", { want: "field", partial: "" }],
  ["me|", { want: "field", partial: "me" }],
  ["NOT (na|", { want: "field", partial: "na" }],
  ["metrics.|", { want: "key", of: "metric", partial: "" }],
  ["metrics.lo|", { want: "key", of: "metric", partial: "lo" }],
  ["params.model.la|", { want: "key", of: "param", partial: "model.la" }],
  ["params.`learning r|", { want: "key", of: "param", partial: "learning r" }],
  ["max(metrics.au|", { want: "key", of: "metric", partial: "au" }],
  ["max(metrics.auc) |", { want: "operator", field: "max(metrics.auc)" }],
  ["metrics.loss |", { want: "operator", field: "metrics.loss" }],
  ["status |", { want: "operator", field: "status" }],
  ["status = |", { want: "value", field: "status", partial: "" }],
  ["params.model = 'x|", { want: "value", field: "params.model", partial: "x" }],
  ["params.`a b` != 'it''s|", { want: "value", field: "params.`a b`", partial: "it's" }],
  ["status IN (|", { want: "list", field: "status" }],
  ["status IN ('failed', '|", { want: "list", field: "status", partial: "" }],
  ["metrics.loss < 0.1 |", { want: "joiner", partial: "" }],
  ["metrics.loss < 0.1 a|", { want: "joiner", partial: "a" }],
  ["parent IS NOT NULL |", { want: "joiner" }],
  ["status = 'failed' AND |", { want: "field" }],
  ["status = 'failed' OR params.|", { want: "key", of: "param" }],
])("at %j", (marked, wanted) => expect(at(marked)).toMatchObject(wanted));

test("nothing that one types breaks it", () => {
  const piece = fc.constantFrom(
    "metrics.",
    "a",
    "'",
    "`",
    "(",
    ")",
    " ",
    "=",
    "AND",
    "1e-3",
    "é",
    ".",
    ",",
    "max(",
  );
  fc.assert(
    fc.property(fc.array(piece), fc.nat(60), (pieces, caret) => {
      const text = pieces.join("");
      const place = placeAt(text, Math.min(caret, text.length));
      expect(place.from).toBeLessThanOrEqual(place.to);
      expect(place.from).toBeGreaterThanOrEqual(0);
    }),
  );
});

test("what is taken replaces what was begun, and what stands behind it of the same word", () => {
  const offer = { label: "loss", insert: "loss" };
  expect(take("metrics.lo < 1", placeAt("metrics.lo < 1", 10), offer)).toEqual({
    text: "metrics.loss < 1",
    caret: 12,
  });
  expect(take("metrics.lo", placeAt("metrics.lo", 9), offer)).toEqual({ text: "metrics.loss", caret: 12 });
  expect(take("status", { ...placeAt("status ", 7), from: 6, to: 6 }, { label: "=", insert: "= " })).toEqual({
    text: "status = ",
    caret: 9,
  });
});

test("the place of a fault counts characters, not halves of them", () => {
  expect(faultAt("Expected a field at position 3, found x", "🦊a x")).toBe(4);
  expect(faultAt("The filter cannot be read at position 2: '#'", "a  #")).toBe(3);
  expect(faultAt("Something else", "a")).toBeNull();
});

test("numbers are compared, texts are matched", () => {
  expect(operatorsOf("metrics.loss")).not.toContain("LIKE");
  expect(operatorsOf("name")).toContain("ILIKE");
  expect(operatorsOf("start_time")).toEqual(["=", "!=", "<", "<=", ">", ">="]);
});
