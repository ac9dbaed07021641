import { useQuery } from "@tanstack/react-query";
import { Fragment, useMemo, useState } from "react";
import { api } from "../../api/client";
import { MEASURES_BOUND, type RunGroup, useGroups } from "../../api/groups";
import type { Selection } from "../../api/selection";
import { Button } from "../../components/Button";
import { Icon } from "../../components/Icon";
import { RunList } from "../../components/RunList";
import { Failure, Loading, Message } from "../../components/states";
import { fieldTitle, parseField, quoted } from "../../lib/fields";
import { formatAge, formatCount, formatNumber } from "../../lib/format";
import type { Column } from "../../lib/tableColumns";
import "./GroupedRuns.css";

interface Props {
  selection: Selection;
  by: string;
  columns: readonly Column[];
  experiments: ReadonlyMap<number, string> | undefined;
  nowUs: number;
  /** Shows only the runs that match this. */
  onOpen: (filter: string) => void;
}

const FIRST = 10;

/** The filter of a group, beside the one that there is. */
function filterOf(filter: string, by: string, group: RunGroup): string {
  const value = group.values[0]?.value ?? null;
  const own = value === null ? `${by} IS NULL` : `${by} = ${quoted(value)}`;
  return filter.trim() ? `(${filter}) AND ${own}` : own;
}

/** Runs that have the same under a param or tag, as one row: counted and measured over all of them. */
export function GroupedRuns({ selection, by, columns, experiments, nowUs, onOpen }: Props) {
  const measures = useMemo(
    () => columns.filter(one => one.field.kind === "metric").slice(0, MEASURES_BOUND),
    [columns],
  );
  const found = useGroups(
    selection,
    by,
    measures.map(one => one.text),
  );
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  if (found.error) return <Failure error={found.error} retry={found.refetch} />;
  if (!found.data) return <Loading what="Grouping" />;
  if (!found.data.groups.length) return <Message title="No run matches" />;
  const field = parseField(by);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keyboard too
    <div className="groups" tabIndex={0} role="region" aria-label="Groups of runs">
      <table>
        <thead>
          <tr>
            <th className="groups-value">{field ? fieldTitle(field) : by}</th>
            <th className="number">Runs</th>
            <th>Status</th>
            <th>Last</th>
            {measures.map(one => (
              <th
                key={one.text}
                className="number"
                title={`Mean ± deviation of ${one.text} over all runs of the group`}
              >
                {fieldTitle(one.field)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {found.data.groups.map(group => {
            const value = group.values[0];
            const key = JSON.stringify(value);
            const isOpen = open.has(key);
            const filter = filterOf(selection.filter, by, group);
            return (
              <Fragment key={key}>
                <tr>
                  <td className="groups-value">
                    <button
                      type="button"
                      className="groups-open"
                      aria-expanded={isOpen}
                      onClick={() => setOpen(before => toggled(before, key))}
                    >
                      <Icon name={isOpen ? "down" : "right"} size={12} />
                      <span
                        className={value?.value == null ? "truncate muted" : "truncate"}
                        title={value?.value ?? ""}
                      >
                        {value?.value ?? "without it"}
                        {value?.whole === false && "…"}
                      </span>
                    </button>
                  </td>
                  <td className="number">{formatCount(group.runs)}</td>
                  <td className="muted">{statusText(group)}</td>
                  <td className="muted">{formatAge(group.last_us, nowUs)}</td>
                  {group.measures.map((measure, at) => (
                    <td
                      key={measures[at]?.text ?? at}
                      className="number"
                      title={`${measure.finite} of ${group.runs} runs; ${formatNumber(measure.min, 6)} to ${formatNumber(measure.max, 6)}`}
                    >
                      {measure.mean === null ? (
                        <span className="muted">–</span>
                      ) : (
                        <>
                          {formatNumber(measure.mean, 4)}
                          {measure.deviation !== null && (
                            <span className="muted"> ± {formatNumber(measure.deviation, 2)}</span>
                          )}
                        </>
                      )}
                    </td>
                  ))}
                </tr>
                {isOpen && (
                  <tr>
                    <td colSpan={4 + measures.length} className="groups-runs">
                      <GroupRuns
                        selection={{ ...selection, filter }}
                        runs={group.runs}
                        experiments={experiments}
                        nowUs={nowUs}
                        onOpen={() => onOpen(filter)}
                      />
                    </td>
                  </tr>
                )}
              </Fragment>
            );
          })}
        </tbody>
      </table>
      {(found.data.left_out > 0 || !found.data.over.complete) && (
        <p className="groups-note muted">
          {found.data.left_out > 0 && `${formatCount(found.data.left_out)} smaller groups are not shown. `}
          {!found.data.over.complete && `Counted over the newest ${formatCount(found.data.over.runs)} runs.`}
        </p>
      )}
    </div>
  );
}

function toggled(set: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(key)) next.add(key);
  return next;
}

function statusText(group: RunGroup): string {
  return Object.entries(group.statuses)
    .sort((a, b) => b[1] - a[1])
    .map(([status, count]) => `${count} ${status}`)
    .join(", ");
}

interface GroupRunsProps {
  selection: Selection;
  runs: number;
  experiments: ReadonlyMap<number, string> | undefined;
  nowUs: number;
  onOpen: () => void;
}

/** The first runs of a group. */
function GroupRuns({ selection, runs, experiments, nowUs, onOpen }: GroupRunsProps) {
  const { experiments: experiment_id, filter, order, view } = selection;
  const found = useQuery({
    queryKey: ["runs", "of-group", selection],
    queryFn: ({ signal }) =>
      api.get("/api/v1/runs", {
        query: { experiment_id, filter, order_by: order, view, limit: FIRST },
        signal,
      }),
  });
  if (found.error) return <Failure error={found.error} />;
  if (!found.data) return <Loading />;
  return (
    <>
      <RunList label="Runs of the group" runs={found.data.runs} experiments={experiments} nowUs={nowUs} />
      <Button kind="quiet" onClick={onOpen}>
        Show only {runs === 1 ? "this run" : `these ${formatCount(runs)} runs`}
      </Button>
    </>
  );
}
