/** The columns of a table: what the address says, else what was chosen here last, else the usual ones. */
import { useCallback, useMemo } from "react";
import {
  type Column,
  decodeColumns,
  encodeColumns,
  type Key,
  ordered,
  usualColumns,
} from "../../lib/tableColumns";
import type { ChangeView } from "./useView";

const KEPT = "assay.columns.";

export function useColumns(
  scope: string,
  text: string,
  keys: readonly Key[] | undefined,
  change: ChangeView,
) {
  const columns = useMemo(() => {
    const chosen = decodeColumns(text || (localStorage.getItem(KEPT + scope) ?? ""));
    return chosen.length ? ordered(chosen) : usualColumns(keys ?? [], scope === "all");
  }, [scope, text, keys]);
  const setColumns = useCallback(
    (next: readonly Column[] | null) => {
      const encoded = next === null ? "" : encodeColumns(ordered(next));
      if (encoded) localStorage.setItem(KEPT + scope, encoded);
      else localStorage.removeItem(KEPT + scope);
      change({ columns: encoded });
    },
    [scope, change],
  );
  return [columns, setColumns] as const;
}
