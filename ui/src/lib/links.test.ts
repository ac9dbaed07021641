import { expect, test } from "vitest";
import { fromMlflow } from "./links";

test.each([
  ["#/experiments/1/runs/7ca03201bb96", "/runs/7ca03201bb96"],
  ["#/experiments/12/runs/7ca0/artifacts/model", "/runs/7ca0"],
  ["#/experiments/12", "/experiments/12"],
  ["#/experiments/12?searchFilter=", "/experiments/12"],
  ["#/models/m", null],
  ["#main", null],
  ["", null],
])("%s leads to %s", (fragment, path) => expect(fromMlflow(fragment)).toBe(path));
