/** Two tables side by side: rows are matched by a column whose values tell them apart, or by their place. */

export type TableCell = unknown;

export interface TableData {
  columns: readonly string[];
  rows: readonly (readonly TableCell[])[];
}

export interface CellChange {
  before: TableCell;
  after: TableCell;
  changed: boolean;
}

export interface RowChange {
  kind: "same" | "changed" | "added" | "removed";
  cells: CellChange[];
}

export interface TableChange {
  columns: { name: string; kind: "same" | "added" | "removed" }[];
  /** The column by which rows were matched; null: by their place. */
  by: string | null;
  rows: RowChange[];
  counts: Record<RowChange["kind"], number>;
}

export function tableDiff(before: TableData, after: TableData): TableChange {
  const columns = [
    ...before.columns.map(
      name => ({ name, kind: after.columns.includes(name) ? "same" : "removed" }) as const,
    ),
    ...after.columns
      .filter(name => !before.columns.includes(name))
      .map(name => ({ name, kind: "added" }) as const),
  ];
  const by = keyColumn(before, after);
  const rows: RowChange[] = [];
  const counts = { same: 0, changed: 0, added: 0, removed: 0 };
  for (const [one, other] of matched(before, after, by)) {
    const cells = columns.map(({ name }) => {
      const was = one?.[before.columns.indexOf(name)];
      const is = other?.[after.columns.indexOf(name)];
      return {
        before: was,
        after: is,
        changed: one !== undefined && other !== undefined && !sameCell(was, is),
      };
    });
    const kind =
      one === undefined
        ? "added"
        : other === undefined
          ? "removed"
          : cells.some(c => c.changed)
            ? "changed"
            : "same";
    counts[kind] += 1;
    rows.push({ kind, cells });
  }
  return { columns: [...columns], by, rows, counts };
}

export function sameCell(one: TableCell, other: TableCell): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

type Row = readonly TableCell[];

/** The first column that both have, in which no value is there twice. */
function keyColumn(before: TableData, after: TableData): string | null {
  const isKey = ({ columns, rows }: TableData, name: string) => {
    const at = columns.indexOf(name);
    const seen = new Set<string>();
    for (const row of rows) {
      const value = row[at];
      if (value === null || value === undefined || seen.has(JSON.stringify(value))) return false;
      seen.add(JSON.stringify(value));
    }
    return seen.size > 0;
  };
  return (
    before.columns.find(name => after.columns.includes(name) && isKey(before, name) && isKey(after, name)) ??
    null
  );
}

function matched(
  before: TableData,
  after: TableData,
  by: string | null,
): [Row | undefined, Row | undefined][] {
  if (by === null) {
    const most = Math.max(before.rows.length, after.rows.length);
    return Array.from({ length: most }, (_, at) => [before.rows[at], after.rows[at]]);
  }
  const keyOf = (row: Row, columns: readonly string[]) => JSON.stringify(row[columns.indexOf(by)]);
  const later = new Map(after.rows.map(row => [keyOf(row, after.columns), row]));
  const pairs: [Row | undefined, Row | undefined][] = before.rows.map(row => {
    const key = keyOf(row, before.columns);
    const other = later.get(key);
    later.delete(key);
    return [row, other];
  });
  return [...pairs, ...[...later.values()].map(row => [undefined, row] as [undefined, Row])];
}
