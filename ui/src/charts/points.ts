/** What scatter, bar and parallel charts are given: runs as rows, their columns as cells. */

import type { Look } from "../lib/colours";
import type { Cell } from "../lib/facts";

export interface Row {
  id: string;
  label: string;
  look: Look;
  cells: Cell[];
}

export interface RowsData {
  columns: string[];
  titles: string[];
  rows: Row[];
  logX: boolean;
  logY: boolean;
}
