import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { api } from "../../api/client";
import { useLiveState } from "../../api/live";
import { type RunAct, type RunDetail, useActOnRun, useChangeRun } from "../../api/run";
import { Button } from "../../components/Button";
import { Confirm } from "../../components/Confirm";
import { CopyButton } from "../../components/CopyButton";
import { Icon } from "../../components/Icon";
import { RunStatus } from "../../components/RunStatus";
import { formatAge, formatDuration, formatTime } from "../../lib/format";
import { EditableText } from "./EditableText";
import { useNowUs } from "./useNow";

const LIVE = new Set(["running", "scheduled", "lost"]);

/** The head of a run's page: its name, how it is, and what can be done with it. */
export function RunHead({ run }: { run: RunDetail }) {
  const change = useChangeRun(run.id);
  const act = useActOnRun(run.id);
  const [asking, setAsking] = useState(false);
  const name = run.name || run.id;
  useEffect(() => {
    document.title = `${name} · Assay`;
  }, [name]);
  const deleted = run.lifecycle === "deleted";
  const failed = act.error ?? change.error;
  const does = (what: RunAct) => act.mutate(what, { onSettled: () => setAsking(false) });
  return (
    <header className="page-head run-head">
      <div className="run-head-where">
        <ExperimentLink id={run.experiment_id} />
        <Icon name="right" size={12} />
      </div>
      <EditableText
        className="run-head-name"
        value={run.name}
        shown={name}
        label="Name of the run"
        disabled={deleted}
        onSave={text => change.mutateAsync({ name: text })}
      />
      <RunStatus status={run.status} />
      {deleted && <span className="run-head-deleted">deleted</span>}
      <Times run={run} />
      <div className="page-actions">
        <LiveMark run={run} />
        {LIVE.has(run.status) && !deleted && (
          <Button
            disabled={run.stop_us !== null && run.stop_us !== undefined}
            onClick={() => setAsking(true)}
          >
            <Icon name="stop" size={14} /> {run.stop_us ? "Asked to stop" : "Stop"}
          </Button>
        )}
        <Link className="button quiet" to={`/compare?runs=${run.id}`}>
          <Icon name="compare" size={14} /> Compare
        </Link>
        {deleted ? (
          <Button disabled={act.isPending} onClick={() => does("restore")}>
            <Icon name="restore" size={14} /> Restore
          </Button>
        ) : (
          <Button kind="quiet" disabled={act.isPending} onClick={() => does("delete")}>
            <Icon name="trash" size={14} /> Delete
          </Button>
        )}
      </div>
      {failed && (
        <p className="run-head-failed" role="alert">
          {failed.message}
        </p>
      )}
      {deleted && (
        <p className="run-head-note">
          This run is deleted: lists leave it out until it is restored, or purged for good.
        </p>
      )}
      {asking && (
        <Confirm
          title={`Stop ${name}?`}
          act="Stop the run"
          danger
          busy={act.isPending}
          onAct={() => does("stop")}
          onCancel={() => setAsking(false)}
        >
          Its process is told within some seconds, and ends by itself. A program that logs with another client
          than Assay's own may not listen.
        </Confirm>
      )}
    </header>
  );
}

function ExperimentLink({ id }: { id: number }) {
  const { data } = useQuery({
    queryKey: ["experiments", id],
    queryFn: ({ signal }) => api.get("/api/v1/experiments/{id}", { path: { id }, signal }),
    staleTime: 60_000,
  });
  return (
    <Link className="truncate" to={`/experiments/${id}`}>
      {data?.name ?? `Experiment ${id}`}
    </Link>
  );
}

function Times({ run }: { run: RunDetail }) {
  const moving = run.status === "running";
  const nowUs = useNowUs(moving ? 1_000 : 60_000);
  const startUs = run.start_us ?? run.created_us;
  const endUs = run.end_us ?? (moving ? nowUs : run.status === "lost" ? run.updated_us : null);
  return (
    <div className="run-head-times muted numbers">
      <span title={`Started ${formatTime(startUs)}`}>{formatAge(startUs, nowUs)}</span>
      {endUs !== null && (
        <span title={run.end_us ? `Ended ${formatTime(run.end_us)}` : "So far"}>
          <Icon name="clock" size={12} /> {formatDuration(rounded(Math.max(0, endUs - startUs)))}
        </span>
      )}
      <span className="run-head-id">
        <code title={run.id}>{run.id.slice(0, 8)}</code>
        <CopyButton text={run.id} what="the run's id" />
      </span>
    </div>
  );
}

/** A duration of minutes needs no parts of a second. */
const rounded = (us: number) => (us > 10e6 ? Math.round(us / 1e6) * 1e6 : us);

/** Whether the page moves by itself. */
function LiveMark({ run }: { run: RunDetail }) {
  const state = useLiveState();
  if (!LIVE.has(run.status)) return null;
  const [word, title] = {
    open: ["Live", "This page follows the run"],
    connecting: ["Connecting", "This page will follow the run"],
    away: ["Not live", "The server does not tell changes now; this page tries again by itself"],
  }[state] as [string, string];
  return (
    <span className={`run-live ${state}`} title={title} role="status">
      <span aria-hidden="true" /> {word}
    </span>
  );
}
