import { type Query, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Changed, type Changes } from "../lib/live";
import { useSteady } from "./useChart";

const AGAIN_MS = 300;

/**
 * What changed is asked for again, where it is shown; zoom and choice stay as they are. An answer that is on its way is
 * waited for, not called off: where answers take longer than changes come, there would never be one.
 */
export function useTouched(
  runs: readonly string[],
  groupRuns: readonly string[],
): (changes: Changes) => void {
  const client = useQueryClient();
  const [due] = useState(() => ({ changed: new Changed(), timer: 0 }));
  useEffect(() => () => clearTimeout(due.timer), [due]);
  const ask: () => void = useSteady(() => {
    if (due.changed.empty) return;
    clearTimeout(due.timer);
    if (client.isFetching({ predicate: ({ queryKey: [kind] }) => kind === "series" }) > 0) {
      due.timer = window.setTimeout(ask, AGAIN_MS);
      return;
    }
    const changes = due.changed.take();
    void client.invalidateQueries({
      predicate: query => shows(query, run => changes.all || changes.runs.has(run)),
    });
  });
  return useSteady((changes: Changes) => {
    const mine = (run: string) => changes.all || changes.runs.has(run);
    if (!runs.some(mine) && !groupRuns.some(mine)) return;
    due.changed.merge(changes);
    ask();
  });
}

function shows({ queryKey: [kind, asked] }: Query, changed: (run: string) => boolean): boolean {
  if (kind === "panel-runs" || kind === "panel-keys") return Array.isArray(asked) && asked.some(changed);
  if (kind !== "series") return false;
  const { of } = asked as { of: string[] | Record<string, string[]> };
  return Array.isArray(of) ? of.some(changed) : Object.values(of).some(some => some.some(changed));
}
