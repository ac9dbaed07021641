import { useCallback, useRef, useState } from "react";
import type { Run } from "../../lib/fields";

/** The runs that are marked to be acted upon; with shift, all from the last one marked. */
export function useSelected(runs: readonly Run[]) {
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const last = useRef(-1);
  const latest = useRef(runs);
  latest.current = runs;
  const select = useCallback((index: number, range: boolean) => {
    const all = latest.current;
    const run = all[index];
    if (!run) return;
    setSelected(before => {
      const next = new Set(before);
      const on = !before.has(run.id);
      const from = range && last.current >= 0 ? Math.min(last.current, index) : index;
      const to = range && last.current >= 0 ? Math.max(last.current, index) : index;
      for (const one of all.slice(from, to + 1)) {
        if (on) next.add(one.id);
        else next.delete(one.id);
      }
      last.current = index;
      return next;
    });
  }, []);
  const selectAll = useCallback(() => {
    const all = latest.current;
    setSelected(before =>
      all.every(run => before.has(run.id)) ? new Set() : new Set(all.map(run => run.id)),
    );
  }, []);
  const clear = useCallback(() => setSelected(new Set()), []);
  const put = useCallback((ids: readonly string[]) => setSelected(new Set(ids)), []);
  return { selected, select, selectAll, clear, put };
}
