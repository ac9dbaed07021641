import { useMemo, useState } from "react";
import { useValueKeys, useValueSteps, useValuesAt } from "../../api/values";
import { Failure, Loading, Message } from "../../components/states";
import { byName } from "../../lib/configs";
import { formatCount } from "../../lib/format";
import { allSteps, type LoggedValue, stepAtOrBefore, type ValueSeries, valueSeries } from "../../lib/values";
import { FilterField, Section } from "./Section";
import { Seen } from "./Seen";
import { ValueView } from "./ValueView";
import "./LoggedValues.css";

interface Named {
  id: string;
  name: string;
}

/** What runs logged that is no number: a strip for each key, with a slider over the steps, the runs side by side. */
export function LoggedValues({ runs }: { runs: readonly Named[] }) {
  const found = useValueKeys(runs.map(run => run.id));
  const [wanted, setWanted] = useState("");
  const failed = found.find(one => one.error !== null);
  if (failed) return <Failure error={failed.error} retry={() => void failed.refetch()} />;
  if (found.some(one => one.isPending)) return <Loading />;
  const logged = new Map<string, Named[]>();
  const kept = new Map<string, Map<string, ValueSeries>>();
  runs.forEach((run, at) => {
    for (const key of found[at]?.data?.keys ?? []) logged.set(key, [...(logged.get(key) ?? []), run]);
    for (const series of valueSeries(found[at]?.data?.images ?? [])) {
      if (!kept.has(series.key)) kept.set(series.key, new Map());
      kept.get(series.key)?.set(run.id, series);
    }
  });
  const keys = [...new Set([...logged.keys(), ...kept.keys()])].sort(byName);
  if (keys.length === 0) {
    return (
      <Message title="No images, tables, histograms, sounds or texts">
        Log some with <code>run.log_image("samples", image)</code>, <code>run.log_table(…)</code> and the
        like, or with <code>mlflow.log_image(…, key=…, step=…)</code>.
      </Message>
    );
  }
  const shown = keys.filter(key => key.toLowerCase().includes(wanted.trim().toLowerCase()));
  return (
    <div className="values">
      <div className="values-bar">
        <FilterField label="Filter keys" value={wanted} onChange={setWanted} />
        <span className="muted numbers">
          {formatCount(keys.length)} {keys.length === 1 ? "key" : "keys"}
        </span>
      </div>
      {shown.map(key => (
        <Seen key={key}>
          {logged.has(key) ? (
            <LoggedStrip name={key} runs={logged.get(key) ?? []} alone={runs.length === 1} />
          ) : (
            <ImageStrip name={key} runs={runs} of={kept.get(key) ?? new Map()} />
          )}
        </Seen>
      ))}
    </div>
  );
}

function LoggedStrip({ name, runs, alone }: { name: string; runs: readonly Named[]; alone: boolean }) {
  const found = useValueSteps(
    runs.map(run => run.id),
    name,
  );
  const failed = found.find(one => one.error !== null);
  if (failed) return <Failure error={failed.error} retry={() => void failed.refetch()} />;
  if (found.some(one => one.isPending)) return <Loading />;
  const steps = found.map(one => one.data?.steps ?? []);
  return (
    <Strip
      name={name}
      steps={steps}
      note={found.some(one => one.data?.next_step != null) ? "Of very many steps, the first." : ""}
    >
      {shown =>
        runs.map((run, at) => {
          const own = stepAtOrBefore(steps[at] ?? [], shown);
          return (
            <OfRun key={run.id} run={run} own={own} shown={shown} alone={alone}>
              <Logged run={run.id} name={name} step={own} />
            </OfRun>
          );
        })
      }
    </Strip>
  );
}

function Logged({ run, name, step }: { run: string; name: string; step: number | undefined }) {
  const { data, error, isPlaceholderData } = useValuesAt(run, name, step);
  if (error) return <p className="section-empty">{error.message}</p>;
  if (step === undefined || data === undefined) return null;
  return <Values run={run} values={data} waiting={isPlaceholderData} />;
}

interface ImageStripProps {
  name: string;
  runs: readonly Named[];
  of: ReadonlyMap<string, ValueSeries>;
}

function ImageStrip({ name, runs, of }: ImageStripProps) {
  const there = runs.filter(run => of.has(run.id));
  const steps = useMemo(() => [...of.values()].map(series => series.steps), [of]);
  return (
    <Strip name={name} steps={steps}>
      {shown =>
        there.map(run => {
          const own = stepAtOrBefore(of.get(run.id)?.steps ?? [], shown);
          return (
            <OfRun key={run.id} run={run} own={own} shown={shown} alone={runs.length === 1}>
              {own !== undefined && <Values run={run.id} values={of.get(run.id)?.at.get(own) ?? []} />}
            </OfRun>
          );
        })
      }
    </Strip>
  );
}

interface StripProps {
  name: string;
  /** Those of each run. */
  steps: readonly (readonly number[])[];
  note?: string;
  children: (step: number) => React.ReactNode;
}

function Strip({ name, steps: each, note, children }: StripProps) {
  const steps = allSteps(each.map(steps => ({ steps: [...steps] })));
  const [asked, setAsked] = useState<number | null>(null); // null: the last, also when more come
  const wanted = asked ?? steps.at(-1) ?? 0;
  const at = Math.max(0, steps.indexOf(stepAtOrBefore(steps, wanted) ?? steps[0] ?? 0));
  const shown = steps[at] ?? 0;
  return (
    <Section
      title={name}
      actions={
        steps.length > 1 && (
          <>
            {note && <span className="muted">{note}</span>}
            <input
              type="range"
              className="values-slider"
              aria-label={`Step of ${name}`}
              aria-valuetext={`step ${shown}`}
              min={0}
              max={steps.length - 1}
              value={at}
              onChange={event => {
                const next = Number(event.target.value);
                setAsked(next === steps.length - 1 ? null : (steps[next] ?? null));
              }}
            />
            <output className="values-step numbers">step {formatCount(shown)}</output>
          </>
        )
      }
    >
      <div className="values-runs">{children(shown)}</div>
    </Section>
  );
}

interface OfRunProps {
  run: Named;
  own: number | undefined;
  shown: number;
  alone: boolean;
  children: React.ReactNode;
}

/** A run beside others: its name, and its own step where that is an earlier one. */
function OfRun({ run, own, shown, alone, children }: OfRunProps) {
  const isEarlier = own !== undefined && own !== shown;
  return (
    <figure className="values-run">
      {(!alone || isEarlier) && (
        <figcaption>
          {!alone && <b className="truncate">{run.name}</b>}
          {isEarlier && <span className="muted numbers">of step {formatCount(own)}</span>}
        </figcaption>
      )}
      {own === undefined && <p className="section-empty">Nothing up to this step.</p>}
      {children}
    </figure>
  );
}

interface ValuesProps {
  run: string;
  values: readonly LoggedValue[];
  waiting?: boolean;
}

function Values({ run, values, waiting }: ValuesProps) {
  return (
    <div className="values-of-step" aria-busy={waiting}>
      {values.map((value, at) => (
        // By their place, so that a picture stays until the next one is there.
        // biome-ignore lint/suspicious/noArrayIndexKey: as said above
        <ValueView key={at} run={run} value={value} />
      ))}
    </div>
  );
}
