/** Two texts side by side, line by line, as a page shows them; what differs is found by the package `diff`. */

/** A run of lines that both have, or that only one has: the form of the package `diff`. */
export interface LineChange {
  value: string;
  added?: boolean;
  removed?: boolean;
}

export interface Side {
  number: number;
  text: string;
}

export type DiffRow =
  | { kind: "same"; left: Side; right: Side }
  | { kind: "changed"; left: Side | null; right: Side | null }
  | { kind: "skipped"; count: number };

/** The rows: lines that differ opposite each other, with so many lines around that do not. */
export function diffRows(changes: readonly LineChange[], around = 3): DiffRow[] {
  const rows: DiffRow[] = [];
  let left: Side[] = [];
  let right: Side[] = [];
  let leftAt = 1;
  let rightAt = 1;
  const settle = () => {
    const most = Math.max(left.length, right.length);
    for (let at = 0; at < most; at++)
      rows.push({ kind: "changed", left: left[at] ?? null, right: right[at] ?? null });
    left = [];
    right = [];
  };
  for (const change of changes) {
    const lines = linesOf(change.value);
    if (change.removed) left.push(...lines.map(text => ({ number: leftAt++, text })));
    else if (change.added) right.push(...lines.map(text => ({ number: rightAt++, text })));
    else {
      settle();
      for (const text of lines) {
        rows.push({ kind: "same", left: { number: leftAt++, text }, right: { number: rightAt++, text } });
      }
    }
  }
  settle();
  return folded(rows, around);
}

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** Long stretches of equal lines become one row that says how many. */
function folded(rows: DiffRow[], around: number): DiffRow[] {
  const near = new Array<boolean>(rows.length).fill(false);
  rows.forEach((row, at) => {
    if (row.kind !== "changed") return;
    for (let by = Math.max(0, at - around); by <= Math.min(rows.length - 1, at + around); by++)
      near[by] = true;
  });
  const found: DiffRow[] = [];
  let count = 0;
  rows.forEach((row, at) => {
    if (near[at]) {
      if (count > 0) found.push({ kind: "skipped", count });
      count = 0;
      found.push(row);
    } else count += 1;
  });
  if (count > 0) found.push({ kind: "skipped", count });
  return found;
}

/** How many lines only one of them has. */
export function diffCounts(changes: readonly LineChange[]): { added: number; removed: number } {
  let added = 0;
  let removed = 0;
  for (const change of changes) {
    if (change.added) added += linesOf(change.value).length;
    if (change.removed) removed += linesOf(change.value).length;
  }
  return { added, removed };
}
