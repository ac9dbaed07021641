import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { type Ask, Loader } from "./loader";

const golden = JSON.parse(readFileSync(new URL("series.golden.json", import.meta.url), "utf8"));
const bytes = (text: string) => Uint8Array.from(atob(text), sign => sign.charCodeAt(0));
const RUNS = [1, 2, 3].map(number => String(number).padStart(32, "0"));
const ask = (key: string, more: Partial<Ask> = {}): Ask => ({
  key,
  x: "step",
  xMetric: "",
  low: null,
  high: null,
  buckets: 40,
  of: RUNS,
  ...more,
});

/** A loader whose server answers what the real one answered, and what it was asked; it answers after `held`. */
function loading(held: Promise<void> = Promise.resolve()) {
  const sent: { url: string; body: Record<string, unknown>; signal: AbortSignal }[] = [];
  const loader = new Loader(async (_method, url, init = {}) => {
    sent.push({ url, body: JSON.parse(String(init.body)), signal: init.signal as AbortSignal });
    await held;
    if (init.signal?.aborted) throw new DOMException("", "AbortError");
    return new Response(bytes(golden[url.endsWith("bands") ? "bands" : "series"].columns));
  });
  return { loader, sent };
}

it("asks once for what is asked for together", async () => {
  const { loader, sent } = loading();
  const found = await Promise.all([
    loader.load(ask("loss")),
    loader.load(ask("accuracy")),
    loader.load(ask("none")),
  ]);
  expect(sent.map(one => one.body.keys)).toEqual([["loss", "accuracy", "none"]]);
  expect(found.map(one => one.chart?.key)).toEqual(["loss", "accuracy", undefined]);
  await Promise.all([
    loader.load(ask("loss")),
    loader.load(ask("loss", { low: 3 })),
    loader.load(ask("x", { x: "time" })),
  ]);
  expect(sent.length).toBe(4);
  expect(sent[2]?.body.low).toBe(3);
});

it("asks for groups at the other place, with what they need", async () => {
  const { loader, sent } = loading();
  const of = { even: [RUNS[0] as string, RUNS[2] as string], odd: [RUNS[1] as string] };
  const found = await loader.load(ask("loss", { of, quantiles: [0.25, 0.5] }));
  expect(sent[0]).toMatchObject({ url: "/api/v1/bands", body: { groups: of, quantiles: [0.25, 0.5] } });
  expect(found.bands.map(band => band.group)).toContain("odd");
});

it("parts what would be too much for one answer", async () => {
  const { loader, sent } = loading();
  const of = Array.from({ length: 1_000 }, (_, i) => String(i));
  await Promise.all(["a", "b", "c"].map(key => loader.load(ask(key, { of, buckets: 200 }))));
  expect(sent.map(one => (one.body.keys as string[]).length)).toEqual([2, 1]);
});

it("calls off what nobody waits for, and only that", async () => {
  let answer = () => {};
  const { loader, sent } = loading(new Promise(resolve => (answer = resolve)));
  const [one, two, three] = [new AbortController(), new AbortController(), new AbortController()];
  const asked = [loader.load(ask("loss"), one.signal), loader.load(ask("accuracy"), two.signal)];
  three.abort();
  await expect(loader.load(ask("loss"), three.signal)).rejects.toThrow("called off");
  while (!sent.length) await new Promise(resolve => setTimeout(resolve, 1));
  one.abort();
  expect(sent[0]?.signal.aborted).toBe(false);
  two.abort();
  expect(sent[0]?.signal.aborted).toBe(true);
  answer();
  for (const called of asked) await expect(called).rejects.toThrow();
});

it("asks for the finest buckets where each point has one to itself", async () => {
  const { loader, sent } = loading();
  await loader.load(ask("accuracy"));
  expect(sent.map(one => one.body.buckets)).toEqual([40]); // several points lie in some of its buckets
});

/** An answer with one line of two points, each alone in its bucket. */
function lonely(): ArrayBuffer {
  const columns = ["mean", "min", "max", "first", "last"].map(name => [name, "f8"]);
  const counts = ["bucket", "count", "nan"].map(name => [name, "u4"]);
  const charts = [{ key: "loss", exponent: 4, first: 0, lines: [{ run: "r", context: null, rows: 2 }] }];
  const text = new TextEncoder().encode(JSON.stringify({ columns: [...columns, ...counts], charts }));
  const start = 16 + text.length + ((8 - ((16 + text.length) % 8)) % 8);
  const body = new ArrayBuffer(start + 2 * (5 * 8 + 3 * 4));
  const view = new DataView(body);
  new Uint8Array(body).set([0x61, 0x73, 0x73, 0x72, 1]);
  view.setUint32(8, text.length, true);
  view.setUint32(12, 2, true);
  new Uint8Array(body).set(text, 16);
  new Uint32Array(body, start + 80).set([0, 5, 1, 1, 0, 0]);
  return body;
}

it("asks for finer buckets once where no bucket has two points", async () => {
  const asked: number[] = [];
  const loader = new Loader(async (_method, _url, init = {}) => {
    asked.push(JSON.parse(String(init.body)).buckets);
    return new Response(lonely());
  });
  const found = await loader.load(ask("loss", { of: ["r"] }));
  expect(asked).toEqual([40, 10_000]);
  expect([...(found.chart?.lines[0]?.columns.count ?? [])]).toEqual([1, 1]);
  await loader.load(ask("loss", { of: Array.from({ length: 500 }, (_, i) => String(i)) }));
  expect(asked.at(-1)).toBe(4_000);
});
