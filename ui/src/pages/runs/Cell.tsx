import { RunStatus } from "../../components/RunStatus";
import { cellOf, type Field, type Run } from "../../lib/fields";
import { formatAge, formatDuration, formatNumber, formatTime } from "../../lib/format";

interface Props {
  run: Run;
  field: Field;
  nowUs: number;
  experiments?: ReadonlyMap<number, string>;
}

const SHORT_ID = 8;

/** Whether what stands there is a number, which stands at the right. */
export function isNumber(field: Field): boolean {
  return (
    field.kind === "metric" ||
    (field.kind === "attribute" && (field.name === "duration" || field.name === "step"))
  );
}

/** What a run has in a column, short; the whole stands in the title. */
export function Cell({ run, field, nowUs, experiments }: Props) {
  const value = cellOf(run, field, nowUs);
  if (value === undefined) return <span className="muted">–</span>;
  if (field.kind === "metric")
    return (
      <span title={String(value)} className={Number.isFinite(value) ? undefined : "muted"}>
        {formatNumber(Number(value), 5)}
      </span>
    );
  if (field.kind === "attribute")
    switch (field.name) {
      case "status":
        return <RunStatus status={run.status} />;
      case "start_time":
      case "end_time":
        return <span title={formatTime(Number(value))}>{formatAge(Number(value), nowUs)}</span>;
      case "duration":
        return <span>{formatDuration(Number(value))}</span>;
      case "step":
        return <span>{formatNumber(Number(value), 9)}</span>;
      case "experiment":
        return <span className="truncate">{experiments?.get(run.experiment_id) ?? value}</span>;
      case "id":
      case "parent":
        return <code title={String(value)}>{String(value).slice(0, SHORT_ID)}</code>;
    }
  return (
    <span className="truncate" title={String(value)}>
      {value}
    </span>
  );
}
