import { expect, test } from "vitest";
import { Keys } from "./shortcuts";

const key = (name: string, held: Partial<Record<"ctrlKey" | "metaKey" | "shiftKey", boolean>> = {}) => ({
  key: name,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...held,
});

test("keys mean what the sheet says", () => {
  const keys = new Keys();
  expect(keys.press(key("k", { ctrlKey: true }), true, 0)).toBe("palette");
  expect(keys.press(key("K", { metaKey: true }), false, 0)).toBe("palette");
  expect(keys.press(key("?", { shiftKey: true }), false, 0)).toBe("keys");
  expect(keys.press(key("Z", { ctrlKey: true, shiftKey: true }), false, 0)).toBe("redo");
  expect(keys.press(key("z", { ctrlKey: true }), false, 0)).toBe("undo");
});

test("whoever types, types", () => {
  const keys = new Keys();
  for (const name of ["?", "t", "/", "g", "r"]) expect(keys.press(key(name), true, 0)).toBeNull();
  expect(keys.press(key("z", { ctrlKey: true }), true, 0)).toBeNull();
});

test("g waits a moment for where to go", () => {
  const keys = new Keys();
  expect(keys.press(key("g"), false, 0)).toBeNull();
  expect(keys.press(key("r"), false, 500)).toBe("runs");
  expect(keys.press(key("g"), false, 1_000)).toBeNull();
  expect(keys.press(key("t"), false, 1_100)).toBeNull();
  expect(keys.press(key("t"), false, 1_200)).toBe("theme");
  expect(keys.press(key("g"), false, 2_000)).toBeNull();
  expect(keys.press(key("r"), false, 9_000)).toBeNull();
});
