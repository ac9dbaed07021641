/** A chart as a table: what is drawn, in rows that can be read aloud, copied and exported. */

export interface Table {
  columns: string[];
  rows: (number | string | null)[][];
}

/** RFC 4180, with numbers in full. A text that a spreadsheet would take for a formula begins with an apostrophe. */
export function toCsv({ columns, rows }: Table): string {
  const line = (cells: (number | string | null)[]) => `${cells.map(csvCell).join(",")}\r\n`;
  return line(columns) + rows.map(line).join("");
}

function csvCell(cell: number | string | null): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A name that every file system takes. */
export const fileName = (title: string, kind: string) =>
  `${
    title
      .replace(/[^\p{L}\p{N}._-]+/gu, "-")
      .replace(/^[-.]+|-+$/g, "")
      .slice(0, 100) || "chart"
  }.${kind}`;
