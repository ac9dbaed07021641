import { useMemo, useState } from "react";
import type { RunDetail } from "../../api/run";
import { Button } from "../../components/Button";
import { byName } from "../../lib/configs";
import { formatCount, formatNumber } from "../../lib/format";
import { FilterField, Section } from "./Section";

const SHOWN = 100;

interface Row {
  key: string;
  context: Record<string, string> | null;
  last: number | null;
  min: number | null;
  max: number | null;
  step: number;
}

/** The metrics: last value with its step, and the extremes. Those of the machine have a tab of their own. */
export function Metrics({ run }: { run: RunDetail }) {
  const [wanted, setWanted] = useState("");
  const [all, setAll] = useState(false);
  const rows = useMemo(() => rowsOf(run), [run]);
  const text = wanted.trim().toLowerCase();
  const found = rows.filter(row => `${row.key} ${contextText(row.context)}`.toLowerCase().includes(text));
  const shown = all ? found : found.slice(0, SHOWN);
  return (
    <Section
      title="Metrics"
      count={rows.length}
      actions={rows.length > 8 && <FilterField label="Filter metrics" value={wanted} onChange={setWanted} />}
    >
      {rows.length === 0 && <p className="section-empty">No metrics were logged.</p>}
      {rows.length > 0 && found.length === 0 && <p className="section-empty">No metric has this text.</p>}
      {shown.length > 0 && (
        <table className="data-table">
          <colgroup>
            <col />
            <col width="18%" />
            <col width="18%" />
            <col width="18%" />
            <col width="14%" />
          </colgroup>
          <thead>
            <tr>
              <th scope="col">Metric</th>
              <th scope="col" className="right">
                Last
              </th>
              <th scope="col" className="right">
                Min
              </th>
              <th scope="col" className="right">
                Max
              </th>
              <th scope="col" className="right">
                At step
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map(row => (
              <tr key={`${row.key}\n${contextText(row.context)}`}>
                <th scope="row">
                  {row.key}
                  {row.context && <span className="muted"> {contextText(row.context)}</span>}
                </th>
                <NumberCell value={row.last} />
                <NumberCell value={row.min} />
                <NumberCell value={row.max} />
                <td className="right numbers muted">{formatCount(row.step)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {shown.length < found.length && (
        <Button kind="quiet" onClick={() => setAll(true)}>
          Show {found.length - shown.length} more
        </Button>
      )}
    </Section>
  );
}

function NumberCell({ value }: { value: number | null }) {
  return (
    <td className="right numbers" title={value === null ? "NaN, or infinite" : String(value)}>
      {value === null ? <span className="muted">NaN</span> : formatNumber(value, 5)}
    </td>
  );
}

function rowsOf(run: RunDetail): Row[] {
  const plain = Object.entries(run.metrics).map(([key, metric]) => ({ key, context: null, ...metric }));
  return [...plain, ...run.metrics_in_context]
    .filter(row => !row.key.startsWith("system/"))
    .sort((a, b) => byName(a.key, b.key) || byName(contextText(a.context), contextText(b.context)));
}

/** A context in few words: `split=test`. */
export function contextText(context: Record<string, string> | null | undefined): string {
  return context
    ? Object.entries(context)
        .map(([name, value]) => `${name}=${value}`)
        .join(", ")
    : "";
}
