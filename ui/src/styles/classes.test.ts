import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SOURCES = fileURLToPath(new URL("..", import.meta.url));

/** The classes that a style sheet gives a form to: those of selectors that are one class, with or without a state. */
function classesOf(css: string): Set<string> {
  const selectors = css.replace(/\/\*.*?\*\//gs, "").matchAll(/(?:^|[{};])\s*([^{};@]+)\{/g);
  const found = new Set<string>();
  for (const [, list] of selectors)
    for (const selector of (list ?? "").split(",")) {
      const name = /^\s*\.([\w-]+)(?::[\w-]+(?:\([^)]*\))?)*\s*$/.exec(selector)?.[1];
      if (name) found.add(name);
    }
  return found;
}

test("a class has its form from one file: all style sheets are of one page in the end", () => {
  const where = new Map<string, string[]>();
  for (const path of readdirSync(SOURCES, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".css")) continue;
    for (const name of classesOf(readFileSync(join(SOURCES, path), "utf8")))
      where.set(name, [...(where.get(name) ?? []), path]);
  }
  expect(where.size).toBeGreaterThan(100);
  expect(Object.fromEntries([...where].filter(([, paths]) => paths.length > 1))).toEqual({});
});

test("classes are found in lists and with states", () => {
  expect([
    ...classesOf(".a,\n.b:hover { x: y }\n.c .d { x: y } .e::before{} @media (x) { .f:not(.g) { x: y } }"),
  ]).toEqual(["a", "b", "f"]);
});
