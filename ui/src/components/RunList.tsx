import { Link } from "wouter";
import { durationUs, type Run } from "../lib/fields";
import { formatAge, formatDuration, formatTime } from "../lib/format";
import { RunStatus } from "./RunStatus";
import "./RunList.css";

interface Props {
  runs: readonly Run[];
  experiments: ReadonlyMap<number, string> | undefined;
  nowUs: number;
  label: string;
}

/** A short list of runs. */
export function RunList({ runs, experiments, nowUs, label }: Props) {
  return (
    <table className="run-list" aria-label={label}>
      <thead className="visually-hidden">
        <tr>
          <th>Run</th>
          <th>Status</th>
          <th>Experiment</th>
          <th>Started</th>
          <th>Duration</th>
        </tr>
      </thead>
      <tbody>
        {runs.map(run => {
          const took = durationUs(run, nowUs);
          return (
            <tr key={run.id}>
              <td className="run-list-name">
                <Link to={`/runs/${run.id}`} className="truncate" title={run.name}>
                  {run.name || run.id}
                </Link>
              </td>
              <td className="run-list-status">
                <RunStatus status={run.status} />
              </td>
              <td className="run-list-experiment">
                <Link to={`/experiments/${run.experiment_id}`} className="truncate muted">
                  {experiments?.get(run.experiment_id) ?? run.experiment_id}
                </Link>
              </td>
              <td
                className="run-list-time muted"
                title={run.start_us === null ? undefined : formatTime(run.start_us)}
              >
                {run.start_us !== null && formatAge(run.start_us, nowUs)}
              </td>
              <td className="run-list-time numbers">{took !== undefined && formatDuration(took)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
