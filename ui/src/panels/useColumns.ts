import { useMemo } from "react";
import { columnsOf, tellingParams } from "../lib/facts";
import { useGrid } from "./grid";

/** The columns that the runs of a grid have, and those among them by which runs may be grouped. */
export function useColumns(): { columns: string[]; grouping: string[] } {
  const { facts } = useGrid();
  return useMemo(() => {
    const columns = columnsOf(facts);
    const telling = tellingParams(facts);
    const tags = columns.filter(column => column.startsWith("tags."));
    return { columns, grouping: [...telling, ...tags] };
  }, [facts]);
}
