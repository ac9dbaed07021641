import { useQueryClient } from "@tanstack/react-query";
import type { Changes } from "../lib/live";
import { useSteady } from "./useChart";

/** What changed is asked for again, where it is shown; zoom and choice stay as they are. */
export function useTouched(
  runs: readonly string[],
  groupRuns: readonly string[],
): (changes: Changes) => void {
  const client = useQueryClient();
  return useSteady((changes: Changes) => {
    const mine = (run: string) => changes.all || changes.runs.has(run);
    if (!runs.some(mine) && !groupRuns.some(mine)) return;
    void client.invalidateQueries({
      predicate: ({ queryKey: [kind, asked] }) => {
        if (kind === "panel-runs" || kind === "panel-keys") return Array.isArray(asked) && asked.some(mine);
        if (kind !== "series") return false;
        const { of } = asked as { of: string[] | Record<string, string[]> };
        return Array.isArray(of) ? of.some(mine) : Object.values(of).some(some => some.some(mine));
      },
    });
  });
}
