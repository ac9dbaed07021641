import { formatNumber } from "../lib/format";
import type { Table } from "../lib/table";

const SHOWN = 500;

/** What a chart draws, as a table. */
export function ChartTable({ table, title }: { table: Table; title: string }) {
  const more = table.rows.length - SHOWN;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <section className="chart-table" tabIndex={0} aria-label={`${title} as a table`}>
      <table>
        <thead>
          <tr>
            {table.columns.map(column => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.slice(0, SHOWN).map((row, r) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows are not moved
            <tr key={r}>
              {row.map((cell, c) => (
                <td
                  key={table.columns[c]}
                  className={typeof cell === "number" ? "numbers number" : "truncate"}
                >
                  {typeof cell === "number" ? formatNumber(cell, 7) : cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {more > 0 && <p className="muted">and {more} more rows, which the CSV has</p>}
    </section>
  );
}
