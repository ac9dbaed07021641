import { useMemo, useState } from "react";
import type { TableData } from "../lib/tableDiff";
import { cellText } from "../lib/tables";
import { Button } from "./Button";
import { ScrollBox } from "./ScrollBox";
import "./DataTable.css";

const SHOWN = 200;

/** A table of data; of many rows the first, and more when asked. */
export function DataTable({ table, label }: { table: TableData; label: string }) {
  const [most, setMost] = useState(SHOWN);
  const numeric = useMemo(() => table.columns.map((_, column) => isNumeric(table.rows, column)), [table]);
  return (
    <ScrollBox className="cells">
      <table aria-label={label}>
        <thead>
          <tr>
            <th scope="col" className="cells-at">
              <span className="visually-hidden">Row</span>
            </th>
            {table.columns.map((name, column) => (
              <th key={name} scope="col" className={numeric[column] ? "right" : undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.slice(0, most).map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a row has no other name than its place
            <tr key={at}>
              <td className="cells-at numbers">{at + 1}</td>
              {table.columns.map((name, column) => (
                <td key={name} className={numeric[column] ? "right numbers" : undefined}>
                  <span title={cellText(row[column])}>{cellText(row[column])}</span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {table.rows.length > most && (
        <Button kind="quiet" onClick={() => setMost(most + 1_000)}>
          Show {Math.min(1_000, table.rows.length - most)} more rows
        </Button>
      )}
    </ScrollBox>
  );
}

/** Whether the first cells of a column are numbers, or texts of numbers as a CSV has them. */
function isNumeric(rows: TableData["rows"], column: number): boolean {
  const cells = rows
    .slice(0, 20)
    .map(row => row[column])
    .filter(cell => cell !== null && cell !== "");
  return (
    cells.length > 0 &&
    cells.every(cell => typeof cell === "number" || /^-?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(String(cell)))
  );
}
