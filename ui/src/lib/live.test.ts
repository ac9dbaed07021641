import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  backoffMs,
  Changed,
  type Handlers,
  parseEvent,
  SILENT_MS,
  Stream,
  TOGETHER_MS,
  type ToTab,
} from "./live";

/** A browser whose clock goes by hand. */
class Browser {
  ms = 0;
  opened: Handlers[] = [];
  closed = 0;
  told: [port: string, message: ToTab][] = [];
  private waiting: [atMs: number, act: () => void][] = [];

  open = (handlers: Handlers) => {
    this.opened.push(handlers);
    return { close: () => void this.closed++ };
  };
  tell = (port: string, message: ToTab) => void this.told.push([port, message]);
  later = (ms: number, act: () => void) => void this.waiting.push([this.ms + ms, act]);
  nowMs = () => this.ms;
  chance = () => 0.5;

  pass(ms: number): void {
    this.ms += ms;
    const due = this.waiting.filter(([atMs]) => atMs <= this.ms);
    this.waiting = this.waiting.filter(([atMs]) => atMs > this.ms);
    for (const [, act] of due) act();
  }

  get last(): Handlers {
    const found = this.opened.at(-1);
    if (found === undefined) throw new Error("nothing was opened");
    return found;
  }

  changes(port: string): string[] {
    return this.told.flatMap(([to, message]) =>
      to === port && message.kind === "changes"
        ? message.changes.all
          ? ["all"]
          : [...message.changes.runs.keys()]
        : [],
    );
  }

  states(port: string): string[] {
    return this.told.flatMap(([to, message]) =>
      to === port && message.kind === "state" ? [message.state] : [],
    );
  }
}

const event = (id: string) => JSON.stringify({ id, experiment_id: 1 });

describe("Changed", () => {
  it("keeps each run once, and beyond its bound only that all changed", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40)), numbers => {
        const changed = new Changed(20);
        for (const number of numbers) changed.add(`${number}`, 1);
        const distinct = new Set(numbers);
        expect(changed.size).toBeLessThanOrEqual(20);
        const taken = changed.take();
        expect(taken.all).toBe(distinct.size > 20);
        if (!taken.all) expect([...taken.runs.keys()].sort()).toEqual([...distinct].map(String).sort());
        expect(changed.empty).toBe(true);
      }),
    );
  });
});

describe("Stream", () => {
  it("opens once for all tabs and closes with the last", () => {
    const browser = new Browser();
    const stream = new Stream(browser);
    stream.here("a");
    stream.here("b");
    stream.here("a");
    expect(browser.opened).toHaveLength(1);
    stream.gone("a");
    expect(browser.closed).toBe(0);
    stream.gone("b");
    expect(browser.closed).toBe(1);
    stream.here("c");
    expect(browser.opened).toHaveLength(2);
  });

  it("tells every tab what changed, together", () => {
    const browser = new Browser();
    const stream = new Stream(browser);
    stream.here("a");
    stream.here("b");
    browser.last.opened();
    for (const id of ["x", "y", "x"]) browser.last.told(event(id));
    browser.last.told("nonsense");
    expect(browser.changes("a")).toEqual([]);
    browser.pass(TOGETHER_MS);
    expect(browser.changes("a")).toEqual(["x", "y"]);
    expect(browser.changes("b")).toEqual(["x", "y"]);
    expect(browser.states("a")).toEqual(["connecting", "open"]);
  });

  it("tells a tab that comes later what others were told just before", () => {
    const browser = new Browser();
    const stream = new Stream(browser);
    stream.here("a");
    browser.last.opened();
    browser.last.told(event("old"));
    browser.pass(TOGETHER_MS);
    browser.pass(20_000);
    browser.last.told(event("new"));
    browser.pass(TOGETHER_MS);
    stream.here("b");
    expect(browser.changes("b")).toEqual(["new"]);
  });

  it("comes again after the stream was refused, and then says that all may have changed", () => {
    const browser = new Browser();
    const stream = new Stream(browser);
    stream.here("a");
    browser.last.opened();
    const first = browser.last;
    first.failed(true);
    expect(browser.states("a").at(-1)).toBe("away");
    browser.pass(1_000);
    expect(browser.opened).toHaveLength(2);
    first.told(event("of a stream that is closed"));
    browser.last.failed(true);
    browser.pass(1_000);
    expect(browser.opened).toHaveLength(2); // waits longer each time
    browser.pass(1_000);
    expect(browser.opened).toHaveLength(3);
    browser.last.opened();
    browser.pass(TOGETHER_MS);
    expect(browser.changes("a")).toEqual(["all"]);
  });

  it("lets the browser resume what it resumes by itself", () => {
    const browser = new Browser();
    const stream = new Stream(browser);
    stream.here("a");
    browser.last.opened();
    browser.last.failed(false);
    browser.last.opened();
    browser.pass(TOGETHER_MS);
    expect(browser.opened).toHaveLength(1);
    expect(browser.changes("a")).toEqual([]);
  });

  it("forgets tabs that fell silent, and takes them back when they speak", () => {
    const browser = new Browser();
    const stream = new Stream(browser);
    stream.here("crashed");
    stream.here("alive");
    for (let ms = 0; ms < 3 * SILENT_MS; ms += SILENT_MS / 2) {
      browser.pass(SILENT_MS / 2);
      stream.here("alive");
    }
    browser.last.told(event("x"));
    browser.pass(TOGETHER_MS);
    expect(browser.changes("alive")).toEqual(["x"]);
    expect(browser.changes("crashed")).toEqual([]);
    stream.here("crashed");
    expect(browser.changes("crashed")).toEqual(["x"]);
  });

  it("holds no more after 86,400 events than after a thousand", () => {
    const browser = new Browser();
    const stream = new Stream(browser);
    stream.here("a");
    browser.last.opened();
    let afterSome = 0;
    for (let number = 1; number <= 86_400; number++) {
      browser.last.told(event(`run ${number % 997}`));
      browser.pass(1_000);
      stream.here("a");
      browser.told = [];
      if (number === 1_000) afterSome = stream.held;
    }
    expect(stream.held).toBeLessThanOrEqual(afterSome);
    expect(stream.held).toBeLessThan(20);
  });
});

describe("parseEvent", () => {
  it("takes nothing but a run", () => {
    expect(parseEvent(event("x"))).toEqual({ id: "x", experiment_id: 1 });
    for (const text of ["", "1", "null", "[]", '{"id": 1}', '{"id": "x"}'])
      expect(parseEvent(text)).toBeNull();
  });
});

describe("backoffMs", () => {
  it("grows, within bounds", () => {
    expect(backoffMs(0, 0)).toBe(500);
    expect(backoffMs(3, 1)).toBe(8_000);
    fc.assert(
      fc.property(
        fc.nat(),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, chance) => {
          const ms = backoffMs(attempt, chance);
          expect(ms).toBeGreaterThanOrEqual(500);
          expect(ms).toBeLessThanOrEqual(30_000);
        },
      ),
    );
  });
});
