/** What the charts of one grid share: where the cursor is along x, and which run is pointed at. */

export interface Pointed {
  /** Along which axis; a chart with another one has no cursor. */
  axis: string;
  x: number | null;
  /** The trace that is pointed at, whichever chart it is in, and its run. */
  id: string | null;
  run: string | null;
}

export const NOTHING = { x: null, id: null, run: null } as const;

type Listener = (pointed: Pointed, source: unknown) => void;

export class Focus {
  pointed: Pointed = { axis: "", ...NOTHING };
  private listeners = new Set<Listener>();

  /** `source` is who says so, and is told too: it knows by that what it need not do. */
  point(pointed: Partial<Pointed>, source: unknown): void {
    const next = { ...this.pointed, ...pointed };
    const { axis, x, id, run } = this.pointed;
    if (next.axis === axis && next.x === x && next.id === id && next.run === run) return;
    this.pointed = next;
    for (const listener of this.listeners) listener(next, source);
  }

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
