/** Tables of JSON, as `log_table` of Assay and of MLflow keeps them: `{"columns": [...], "data": [[...], ...]}`. */

import type { TableData } from "./tableDiff";

const TRIES = 40;

/** The table of a document; undefined if it is none. */
export function tableOf(document: unknown): TableData | undefined {
  if (typeof document !== "object" || document === null) return undefined;
  const { columns, data } = document as Record<string, unknown>;
  if (!Array.isArray(columns) || !Array.isArray(data)) return undefined;
  const rows = data.filter((row): row is unknown[] => Array.isArray(row));
  return rows.length === data.length ? { columns: columns.map(String), rows } : undefined;
}

/** The table of a text, of which the end may be missing: then the rows that are whole. */
export function parseTable(text: string): TableData | undefined {
  try {
    return tableOf(JSON.parse(text));
  } catch {
    // The end is cut off: look for the end of a row from behind. It may be a bracket within a text, so more than once.
    let at = text.length;
    for (let tries = 0; tries < TRIES; tries++) {
      at = text.lastIndexOf("]", at - 1);
      if (at < 0) return undefined;
      try {
        return tableOf(JSON.parse(`${text.slice(0, at + 1)}]}`));
      } catch {
        // an earlier one
      }
    }
    return undefined;
  }
}

/** A cell as people read it. */
export function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return "";
  return typeof cell === "string" ? cell : JSON.stringify(cell);
}
