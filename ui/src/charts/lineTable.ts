/** A line chart as a table: a row for each bucket of each trace that is seen. */

import type { Range } from "../lib/scales";
import type { Table } from "../lib/table";
import type { LineData } from "./line";

/** What lies within the window, in the order of the traces. A bucket is told by its first and last x. */
export function traceTable(data: LineData, [from, to]: Range): Table {
  const grouped = data.traces.some(trace => trace.runs);
  const columns = ["line", "context", "from", "to", "value", "min", "max", "points", "NaN"];
  if (data.smoothed) columns.push("smoothed");
  if (grouped) columns.push("runs");
  const rows: Table["rows"] = [];
  for (const trace of data.traces)
    for (let i = 0; i < trace.x.length; i++) {
      const wide = trace.wide[i]!;
      const low = trace.x[i]! - (data.integral ? wide - 1 : wide) / 2;
      const high = low + (data.integral ? wide - 1 : wide);
      if (high < from || low > to) continue;
      const context = trace.context ? JSON.stringify(trace.context) : "";
      const row = [
        trace.label,
        context,
        low,
        high,
        trace.y[i]!,
        trace.low[i]!,
        trace.high[i]!,
        trace.count[i]!,
        trace.nan[i]!,
      ];
      if (data.smoothed) row.push(trace.shown[i]!);
      if (grouped) row.push(trace.runs?.[i] ?? null!);
      rows.push(row);
    }
  return { columns, rows };
}
