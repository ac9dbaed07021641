import { expect, test } from "vitest";
import { usable } from "./language";

test("a language that Intl refuses is English", () => {
  expect(usable("de-CH")).toBe("de-CH");
  expect(usable("en-US@posix")).toBe("en-US");
});
