import { useMemo, useState } from "react";
import { Link } from "wouter";
import type { Run } from "../../api/run";
import { Button } from "../../components/Button";
import { Icon } from "../../components/Icon";
import { RunDot } from "../../components/RunDot";
import { ScrollBox } from "../../components/ScrollBox";
import { Message } from "../../components/states";
import { useParam } from "../../components/useParam";
import { type Compared, DEFAULTED, sideBySide } from "../../lib/configs";
import { formatCount, formatNumber } from "../../lib/format";
import { FilterField } from "../run/Section";
import "./SideBySide.css";
import "../../components/fields.css";

type Which = "last" | "min" | "max";
const SHOWN = 300;

interface Props {
  runs: readonly Run[];
  what: "params" | "metrics";
  onRemove: (id: string) => void;
}

/** What the runs were given or measured, a column each; at first only what differs. */
export function SideBySide({ runs, what, onRemove }: Props) {
  const [every, setEvery] = useParam("all");
  const [asked, setWhich] = useParam("value");
  const [wanted, setWanted] = useState("");
  const [most, setMost] = useState(SHOWN);
  const which: Which = asked === "min" || asked === "max" ? asked : "last";
  const rows = useMemo(() => rowsOf(runs, what, which), [runs, what, which]);
  const defaulted = useMemo(
    () => runs.map(run => new Set(what === "params" ? run.defaulted : [])),
    [runs, what],
  );
  const text = wanted.trim().toLowerCase();
  const onlyDiffers = every === "" && runs.length > 1;
  const found = rows.filter(row => (!onlyDiffers || row.differs) && row.key.toLowerCase().includes(text));
  const same = rows.filter(row => !row.differs).length;
  return (
    <div className="side">
      <div className="side-bar">
        <FilterField label={`Filter ${what}`} value={wanted} onChange={setWanted} />
        {what === "metrics" && (
          <select
            className="select-field"
            aria-label="Which value"
            value={which}
            onChange={event => setWhich(event.target.value)}
          >
            <option value="last">last values</option>
            <option value="min">least values</option>
            <option value="max">greatest values</option>
          </select>
        )}
        {runs.length > 1 && (
          <label className="side-check">
            <input
              type="checkbox"
              checked={onlyDiffers}
              onChange={event => setEvery(event.target.checked ? null : "1")}
            />
            Only differences
          </label>
        )}
        <span className="muted numbers" role="status">
          {formatCount(rows.length - same)} differ, {formatCount(same)} are the same
        </span>
      </div>
      {found.length === 0 ? (
        <Message title={emptyTitle(rows.length, text, what)} />
      ) : (
        <ScrollBox className="side-table">
          <table>
            <thead>
              <tr>
                <th scope="col">{what === "params" ? "Param" : "Metric"}</th>
                {runs.map(run => (
                  <th key={run.id} scope="col">
                    <div className="side-run">
                      <RunDot id={run.id} of={runs} />
                      <Link className="truncate" to={`/runs/${run.id}`} title={run.name || run.id}>
                        {run.name || run.id}
                      </Link>
                      <Button
                        kind="quiet"
                        icon
                        aria-label={`Leave out ${run.name || run.id}`}
                        title="Leave out"
                        onClick={() => onRemove(run.id)}
                      >
                        <Icon name="close" size={11} />
                      </Button>
                    </div>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {found.slice(0, most).map(row => (
                <Row key={row.key} row={row} defaulted={defaulted} />
              ))}
            </tbody>
          </table>
          {found.length > most && (
            <Button kind="quiet" onClick={() => setMost(most + 1_000)}>
              Show {formatCount(Math.min(1_000, found.length - most))} more
            </Button>
          )}
        </ScrollBox>
      )}
    </div>
  );
}

type Cell = string | number | null;

function Row({ row, defaulted }: { row: Compared<Cell>; defaulted: readonly ReadonlySet<string>[] }) {
  const numbers = row.values.filter(value => typeof value === "number");
  const least = Math.min(...numbers);
  const greatest = Math.max(...numbers);
  return (
    <tr className={row.differs ? "differs" : undefined}>
      <th scope="row" title={row.key}>
        {row.key}
      </th>
      {row.values.map((value, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the place is that of the run
        <td key={at} className={typeof value === "number" ? "numbers right" : undefined}>
          {value === undefined ? (
            <span className="side-none">–</span>
          ) : value === null ? (
            <span className="muted">NaN</span>
          ) : typeof value === "number" ? (
            <>
              {least < greatest && value === greatest && (
                <span className="side-mark" title="The greatest">
                  ▲
                </span>
              )}
              {least < greatest && value === least && (
                <span className="side-mark" title="The least">
                  ▼
                </span>
              )}
              {formatNumber(value, 6)}
            </>
          ) : defaulted[at]?.has(row.key) ? (
            <span className="muted" title={DEFAULTED}>
              {value}
              <span className="visually-hidden"> (default)</span>
            </span>
          ) : (
            value
          )}
        </td>
      ))}
    </tr>
  );
}

function rowsOf(runs: readonly Run[], what: Props["what"], which: Which): Compared<Cell>[] {
  if (what === "params") return sideBySide<Cell>(runs.map(run => run.params));
  const values = runs.map(run =>
    Object.fromEntries(
      Object.entries(run.metrics)
        .filter(([key]) => !key.startsWith("system/"))
        .map(([key, metric]): [string, Cell] => [key, metric[which]]),
    ),
  );
  return sideBySide<Cell>(values);
}

function emptyTitle(count: number, text: string, what: string): string {
  if (count === 0) return `None of the runs has ${what}`;
  return text === "" ? `All ${what} are the same` : `No ${what.slice(0, -1)} that is shown has this text`;
}
