import { useMemo, useState } from "react";
import { Button } from "../../components/Button";
import { ScrollBox } from "../../components/ScrollBox";
import { Message } from "../../components/states";
import { formatCount } from "../../lib/format";
import { type CellChange, type RowChange, type TableData, tableDiff } from "../../lib/tableDiff";
import { cellText } from "../../lib/tables";

const SHOWN = 300;

/** Two tables as one, with what was taken away, added and changed. */
export function TableDiffView({ before, after }: { before: TableData; after: TableData }) {
  const found = useMemo(() => tableDiff(before, after), [before, after]);
  const [every, setEvery] = useState(false);
  const [most, setMost] = useState(SHOWN);
  const { added, removed, changed, same } = found.counts;
  const rows = every ? found.rows : found.rows.filter(row => row.kind !== "same");
  return (
    <>
      <p className="preview-note numbers">
        {formatCount(changed)} {changed === 1 ? "row differs" : "rows differ"}, {formatCount(removed)} only
        left, {formatCount(added)} only right, {formatCount(same)} the same; matched by{" "}
        {found.by === null ? "their place" : `“${found.by}”`}.
        <button type="button" className="preview-more" aria-pressed={every} onClick={() => setEvery(!every)}>
          {every ? "Only differences" : "All rows"}
        </button>
      </p>
      {rows.length === 0 ? (
        <Message title="The tables are the same" />
      ) : (
        <ScrollBox className="diff diff-table">
          <table aria-label="Differences of the tables">
            <thead>
              <tr>
                {found.columns.map(column => (
                  <th key={column.name} scope="col">
                    {column.name}
                    {column.kind === "removed" && " (only left)"}
                    {column.kind === "added" && " (only right)"}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, most).map((row, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a row has no other name than its place
                <tr key={at} className={row.kind}>
                  {row.cells.map((cell, column) => (
                    <Cell key={found.columns[column]?.name} cell={cell} kind={row.kind} />
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          {rows.length > most && (
            <Button kind="quiet" onClick={() => setMost(most + 1_000)}>
              Show more rows
            </Button>
          )}
        </ScrollBox>
      )}
    </>
  );
}

function Cell({ cell, kind }: { cell: CellChange; kind: RowChange["kind"] }) {
  if (!cell.changed)
    return (
      <td className="numbers">{cellText(kind === "added" ? cell.after : (cell.before ?? cell.after))}</td>
    );
  return (
    <td className="numbers changed">
      <del>{cellText(cell.before)}</del>
      <ins>{cellText(cell.after)}</ins>
    </td>
  );
}
