import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, type Schemas } from "../../api/client";
import type { Run, RunDetail } from "../../api/run";
import { RunStatus } from "../../components/RunStatus";
import { Failure, Message } from "../../components/states";
import { formatCount, formatNumber, formatTime } from "../../lib/format";
import { contextText } from "./Metrics";
import { Section } from "./Section";
import "./Lineage.css";

/** What a run used and made, what it belongs to, and what belongs to it. */
export default function Lineage({ run }: { run: RunDetail }) {
  const below = useQuery({
    queryKey: ["runs", "below", run.id],
    queryFn: ({ signal }) =>
      api.get("/api/v1/runs", { query: { filter: `parent = '${run.id}'`, limit: 200, view: "all" }, signal }),
  });
  const children = below.data?.runs ?? [];
  const empty =
    run.datasets.length +
      run.models_used.length +
      run.models_made.length +
      run.groups.length +
      children.length ===
    0;
  return (
    <div className="lineage">
      {empty && !run.parent && below.isSuccess && (
        <Message title="Nothing is known of what it used or made">
          <code>run.use_dataset(…)</code>, <code>mlflow.log_input(…)</code> and logged models are shown here.
        </Message>
      )}
      {below.error && <Failure error={below.error} />}
      {run.datasets.length > 0 && (
        <Section title="Datasets used" count={run.datasets.length}>
          <ul className="lineage-list">
            {run.datasets.map(dataset => (
              <li key={`${dataset.name} ${dataset.digest}`}>
                <Dataset dataset={dataset} />
              </li>
            ))}
          </ul>
        </Section>
      )}
      <Models title="Models used" ids={run.models_used} />
      <Models title="Models made" ids={run.models_made} steps={run.models_made_at} />
      {run.parent && (
        <Section title="Belongs to">
          <Parent id={run.parent} />
        </Section>
      )}
      {children.length > 0 && (
        <Section title="Runs below it" count={children.length}>
          <RunRows runs={children} />
          {below.data?.next_page_token && (
            <p className="section-empty">The first {children.length} are shown.</p>
          )}
        </Section>
      )}
      {run.groups.length > 0 && (
        <Section title="Groups" count={run.groups.length}>
          <ul className="lineage-list">
            {run.groups.map(name => (
              <li key={name}>{name}</li>
            ))}
          </ul>
        </Section>
      )}
    </div>
  );
}

function Dataset({ dataset }: { dataset: Schemas["UsedDataset"] }) {
  const context = dataset.tags["mlflow.data.context"];
  return (
    <article className="lineage-item">
      <header>
        <b>{dataset.name}</b>
        {context && <span className="lineage-badge">{context}</span>}
        <code className="muted" title="Digest">
          {dataset.digest}
        </code>
      </header>
      {dataset.source && (
        <p className="muted">
          {dataset.source_type}: {dataset.source}
        </p>
      )}
      {dataset.profile && <Document name="Profile" text={dataset.profile} />}
      {dataset.schema && <Document name="Schema" text={dataset.schema} />}
    </article>
  );
}

function Document({ name, text }: { name: string; text: string }) {
  let shown = text;
  try {
    shown = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // it is shown as it is
  }
  return (
    <details>
      <summary>{name}</summary>
      <pre>{shown}</pre>
    </details>
  );
}

function Models({
  title,
  ids,
  steps = {},
}: {
  title: string;
  ids: readonly string[];
  steps?: Record<string, number>;
}) {
  if (ids.length === 0) return null;
  return (
    <Section title={title} count={ids.length}>
      <ul className="lineage-list">
        {ids.map(id => (
          <li key={id}>
            <Model id={id} step={steps[id]} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Model({ id, step }: { id: string; step?: number }) {
  const { data, error } = useQuery({
    queryKey: ["model", id],
    queryFn: ({ signal }) => api.get("/api/v1/models/{id}", { path: { id }, signal }),
  });
  return (
    <article className="lineage-item">
      <header>
        <b>{data?.name ?? id}</b>
        {data?.type && <span className="lineage-badge">{data.type}</span>}
        {data && data.status !== "ready" && <span className="lineage-badge">{data.status}</span>}
        {step !== undefined && <span className="muted numbers">at step {formatCount(step)}</span>}
        <code className="muted">{id}</code>
      </header>
      {error && <p className="muted">{error.message}</p>}
      {data?.run && data.metrics.length > 0 && (
        <p className="muted numbers">
          {data.metrics
            .slice(0, 6)
            .map(metric =>
              `${metric.key} ${contextText(metric.context)} ${formatNumber(metric.last)}`.replace(
                / {2,}/g,
                " ",
              ),
            )
            .join(" · ")}
        </p>
      )}
    </article>
  );
}

function Parent({ id }: { id: string }) {
  const { data, error } = useQuery({
    queryKey: ["run", id, "detail"],
    queryFn: ({ signal }) => api.get("/api/v1/runs/{id}", { path: { id }, signal }),
  });
  if (error) return <p className="section-empty">{error.message}</p>;
  return data ? <RunRows runs={[data]} /> : null;
}

function RunRows({ runs }: { runs: readonly Run[] }) {
  return (
    <table className="data-table">
      <tbody>
        {runs.map(run => (
          <tr key={run.id}>
            <th scope="row">
              <Link to={`/runs/${run.id}`}>{run.name || run.id}</Link>
            </th>
            <td>
              <RunStatus status={run.status} />
            </td>
            <td className="right numbers muted">{run.start_us ? formatTime(run.start_us) : ""}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
