/** Following changes: what changed, bounded however long nobody looks, and one stream for all tabs. */

export type LiveState = "connecting" | "open" | "away";

/** What changed: these runs (with their experiments), or so many that all may have. */
export interface Changes {
  all: boolean;
  runs: ReadonlyMap<string, number>;
}

export const MOST = 5_000;

/** Runs that changed since they were last taken. Of more than a bound, only that all may have changed is kept. */
export class Changed {
  private runs = new Map<string, number>();
  private all = false;

  constructor(private readonly most = MOST) {}

  add(run: string, experiment: number): void {
    if (this.all) return;
    this.runs.set(run, experiment);
    if (this.runs.size > this.most) this.addAll();
  }

  addAll(): void {
    this.all = true;
    this.runs = new Map();
  }

  merge(changes: Changes): void {
    if (changes.all) this.addAll();
    for (const [run, experiment] of changes.runs) this.add(run, experiment);
  }

  get empty(): boolean {
    return !this.all && this.runs.size === 0;
  }

  get size(): number {
    return this.runs.size;
  }

  take(): Changes {
    const taken = { all: this.all, runs: this.runs };
    this.runs = new Map();
    this.all = false;
    return taken;
  }
}

/** The run of an event; null if it is none of ours. */
export function parseEvent(data: string): { id: string; experiment_id: number } | null {
  try {
    const found: unknown = JSON.parse(data);
    if (typeof found !== "object" || found === null) return null;
    const { id, experiment_id } = found as Record<string, unknown>;
    return typeof id === "string" && typeof experiment_id === "number" ? { id, experiment_id } : null;
  } catch {
    return null;
  }
}

const LONGEST_MS = 30_000;

/** How long to wait before the next attempt; `chance` in [0, 1) keeps a thousand browsers apart. */
export function backoffMs(attempt: number, chance: number): number {
  const full = Math.min(LONGEST_MS, 1_000 * 2 ** Math.min(attempt, 10));
  return Math.round(full / 2 + (full / 2) * chance);
}

export type ToTab = { kind: "state"; state: LiveState } | { kind: "changes"; changes: Changes };

/** What the stream needs of the browser. */
export interface World<Port> {
  open(handlers: Handlers): { close(): void };
  tell(port: Port, message: ToTab): void;
  later(ms: number, act: () => void): void;
  nowMs(): number;
  chance(): number;
}

export interface Handlers {
  opened(): void;
  told(data: string): void;
  /** `closed`: the browser does not connect again by itself. */
  failed(closed: boolean): void;
}

export const TOGETHER_MS = 250;
/** A tab says that it is there every half minute; a hidden one may be let speak only every minute. */
export const HERE_MS = 30_000;
export const SILENT_MS = 200_000;
/** What another tab was told so lately may have happened after this tab had asked. */
const RECENT_MS = 10_000;

/** One stream for all tabs: it opens with the first, tells all what changed, and closes with the last. */
export class Stream<Port> {
  private readonly seen = new Map<Port, number>();
  private readonly changed = new Changed();
  private recent = new Map<string, [experiment: number, atMs: number]>();
  private source: { close(): void } | null = null;
  private state: LiveState = "connecting";
  private attempt = 0;
  private gap = false;
  private waiting = false;
  private sweeping = false;
  private flushing = false;

  constructor(private readonly world: World<Port>) {}

  /** The tab is there: for the first time, or still. */
  here(port: Port): void {
    const isNew = !this.seen.has(port);
    this.seen.set(port, this.world.nowMs());
    if (isNew) {
      this.world.tell(port, { kind: "state", state: this.state });
      const runs = new Map([...this.recent].map(([run, [experiment]]) => [run, experiment]));
      if (runs.size > 0) this.world.tell(port, { kind: "changes", changes: { all: false, runs } });
    }
    if (this.source === null && !this.waiting) this.open();
    this.sweepLater();
  }

  gone(port: Port): void {
    this.seen.delete(port);
    if (this.seen.size === 0) this.close();
  }

  /** How much is held; for those who look for leaks. */
  get held(): number {
    return this.seen.size + this.changed.size + this.recent.size;
  }

  private open(): void {
    this.waiting = false;
    const mine = (act: () => void) => {
      if (this.source === source) act();
    };
    const source = this.world.open({
      opened: () => mine(() => this.opened()),
      told: data => mine(() => this.told(data)),
      failed: closed => mine(() => this.failed(closed)),
    });
    this.source = source;
  }

  private opened(): void {
    this.attempt = 0;
    if (this.gap) this.changed.addAll(); // a new stream begins now: what happened in between is not told
    this.gap = false;
    this.flushLater();
    this.say("open");
  }

  private told(data: string): void {
    const run = parseEvent(data);
    if (run === null) return;
    this.changed.add(run.id, run.experiment_id);
    this.flushLater();
  }

  private failed(closed: boolean): void {
    this.say("away");
    if (!closed) return;
    this.source?.close();
    this.source = null;
    this.gap = true;
    this.waiting = true;
    this.world.later(backoffMs(this.attempt++, this.world.chance()), () => {
      this.waiting = false;
      if (this.source === null && this.seen.size > 0) this.open();
    });
  }

  private close(): void {
    this.source?.close();
    this.source = null;
    this.state = "connecting";
    this.gap = false;
    this.changed.take();
    this.recent.clear();
  }

  private say(state: LiveState): void {
    this.state = state;
    for (const port of this.seen.keys()) this.world.tell(port, { kind: "state", state });
  }

  private flushLater(): void {
    if (this.flushing || this.changed.empty) return;
    this.flushing = true;
    this.world.later(TOGETHER_MS, () => {
      this.flushing = false;
      if (this.changed.empty) return;
      const changes = this.changed.take();
      this.remember(changes);
      for (const port of this.seen.keys()) this.world.tell(port, { kind: "changes", changes });
    });
  }

  private remember(changes: Changes): void {
    const nowMs = this.world.nowMs();
    for (const [run, [, atMs]] of this.recent) if (nowMs - atMs > RECENT_MS) this.recent.delete(run);
    if (changes.all || this.recent.size + changes.runs.size > MOST) this.recent.clear();
    for (const [run, experiment] of changes.runs) this.recent.set(run, [experiment, nowMs]);
  }

  /** A tab that crashed says no goodbye. */
  private sweepLater(): void {
    if (this.sweeping) return;
    this.sweeping = true;
    this.world.later(SILENT_MS / 2, () => {
      this.sweeping = false;
      const nowMs = this.world.nowMs();
      for (const [port, atMs] of this.seen) if (nowMs - atMs > SILENT_MS) this.gone(port);
      if (this.seen.size > 0) this.sweepLater();
    });
  }
}
