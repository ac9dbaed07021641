import { expect, test } from "vitest";
import { placeAt } from "./completion";
import { offersAt } from "./offers";

const keys = [
  { kind: "metric" as const, key: "loss", runs: 3 },
  { kind: "metric" as const, key: "train/loss", runs: 1 },
  { kind: "param" as const, key: "learning rate", runs: 2 },
];
const labels = (text: string, values: { value: string; runs: number; whole: boolean }[] = []) =>
  offersAt(placeAt(text, text.length), keys, values).map(offer => offer.label);

test("a key is found by what it holds, wherever it belongs", () => {
  expect(labels("loss")).toEqual(["metrics.loss", "metrics.train/loss"]);
  expect(labels("learn")).toEqual(["params.`learning rate`"]);
  expect(labels("sta")).toContain("status");
});

test("values are put in quotes", () => {
  const values = [
    { value: "it's", runs: 2, whole: true },
    { value: "cut", runs: 1, whole: false },
  ];
  const text = "params.model = ";
  expect(offersAt(placeAt(text, text.length), keys, values).map(offer => offer.insert)).toEqual(["'it''s' "]);
  expect(labels("status = 'f")).toEqual(["finished", "failed"]);
  expect(labels("start_time > ")).toContain("now - 7d");
});

test("what stands there whole is not offered again", () => {
  expect(labels("status")).toEqual([]);
  expect(labels("metrics.loss < 1 ")).toEqual(["AND", "OR"]);
});
