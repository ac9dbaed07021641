import { useCallback, useEffect, useRef, useState } from "react";
import { api } from "../../api/client";
import { useChanges } from "../../api/live";
import { appended, type Line } from "../../lib/console";

/** Of more lines than this, the oldest or those behind are not kept in the page. */
const MOST = 50_000;
const PAGE = 5_000;
const TAIL = 5_000;
const ASKED_MS = 2_000;

export interface ConsoleState {
  lines: readonly Line[];
  /** Whether there are lines before those that are here. */
  cut: boolean;
  /** Whether there is more to ask for now. */
  more: boolean;
  loading: boolean;
  error: unknown;
  next: () => void;
}

interface Held {
  lines: readonly Line[];
  position: string | null;
  more: boolean;
  cut: boolean;
}

const NOTHING: Held = { lines: [], position: null, more: true, cut: false };

/** What a run printed: its end, or from the beginning, or the lines that have a text; what is new comes by itself. */
export function useConsole(
  id: string,
  from: "end" | "start",
  wanted: string,
  isRunning: boolean,
): ConsoleState {
  const [held, setHeld] = useState<Held>(NOTHING);
  const [loading, setLoading] = useState(true);
  const [error, setError] = useState<unknown>(null);
  const state = useRef<{ held: Held; busy: boolean; again: boolean; stop: AbortController } | null>(null);

  const next = useCallback(async () => {
    const mine = state.current;
    if (mine === null) return;
    mine.again = true;
    if (mine.busy) return;
    mine.busy = true;
    setLoading(true);
    try {
      while (mine.again && !mine.stop.signal.aborted) {
        mine.again = false;
        const before = mine.held;
        const tail = from === "end" && wanted === "" && before.position === null;
        const query = tail
          ? { tail: true, limit: TAIL }
          : { after: before.position, limit: PAGE, contains: wanted || undefined };
        const page = await api.get("/api/v1/runs/{id}/console", {
          path: { id },
          query,
          signal: mine.stop.signal,
        });
        const lines = appended(before.lines, page.lines as Line[], MOST);
        const cut =
          before.cut ||
          (tail && page.lines.length >= TAIL) ||
          lines.length < before.lines.length + page.lines.length;
        mine.held = { lines, position: page.position, more: page.next_page_token !== null, cut };
        setHeld(mine.held);
        setError(null);
        // The end of the console is wanted, however many pages it is away; a search goes on until it has found something.
        const wantsEnd = from === "end" && wanted === "";
        if (mine.held.more && (wantsEnd || page.lines.length === 0)) mine.again = true;
      }
    } catch (failure) {
      if (!mine.stop.signal.aborted) setError(failure);
    } finally {
      mine.busy = false;
      if (!mine.stop.signal.aborted) setLoading(false);
    }
  }, [id, from, wanted]);

  useEffect(() => {
    const mine = { held: NOTHING, busy: false, again: false, stop: new AbortController() };
    state.current = mine;
    setHeld(NOTHING);
    void next();
    return () => mine.stop.abort();
  }, [next]);

  const follow = useCallback(() => {
    if (!document.hidden && state.current?.held.more === false) void next();
  }, [next]);
  useChanges(({ all, runs }) => {
    if (all || runs.has(id)) follow();
  });
  // The stream of changes does not tell of lines alone, so that a run which only prints is asked now and then.
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(follow, ASKED_MS);
    return () => clearInterval(timer);
  }, [isRunning, follow]);

  return { lines: held.lines, cut: held.cut, more: held.more, loading, error, next };
}
