import { useMemo, useState } from "react";
import { useValues } from "../../api/values";
import { Failure, Loading, Message } from "../../components/states";
import { byName } from "../../lib/configs";
import { formatCount } from "../../lib/format";
import { allSteps, stepAtOrBefore, type ValueSeries, valueSeries } from "../../lib/values";
import { FilterField, Section } from "./Section";
import { Seen } from "./Seen";
import { ValueView } from "./ValueView";
import "./LoggedValues.css";

interface Props {
  runs: readonly { id: string; name: string }[];
}

/** What runs logged that is no number: a strip for each key, with a slider over the steps, the runs side by side. */
export function LoggedValues({ runs }: Props) {
  const found = useValues(runs.map(run => run.id));
  const [wanted, setWanted] = useState("");
  const data = found.map(one => one.data);
  // The queries keep what they answered until it changes.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the answers are the dependencies, not the list of them
  const byRun = useMemo(
    () => data.map(one => new Map(valueSeries(one?.values ?? []).map(series => [series.key, series]))),
    [...data],
  );
  const failed = found.find(one => one.error !== null);
  if (failed) return <Failure error={failed.error} retry={() => void failed.refetch()} />;
  if (found.some(one => one.isPending)) return <Loading />;
  const keys = [...new Set(byRun.flatMap(series => [...series.keys()]))].sort(byName);
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
        {data.some(one => one && !one.whole) && (
          <span className="muted">Of very many values, the first are shown.</span>
        )}
      </div>
      {shown.map(key => (
        <Strip key={key} name={key} runs={runs} series={byRun.map(series => series.get(key))} />
      ))}
    </div>
  );
}

function Strip({
  name,
  runs,
  series,
}: Props & { name: string; series: readonly (ValueSeries | undefined)[] }) {
  const there = series.filter(one => one !== undefined);
  const steps = useMemo(() => allSteps(there), [there]);
  const [asked, setAsked] = useState<number | null>(null); // null: the last, also when there are more
  const step = asked ?? steps.at(-1) ?? 0;
  const at = Math.max(0, steps.indexOf(stepAtOrBefore(steps, step) ?? steps[0] ?? 0));
  const shown = steps[at] ?? 0;
  return (
    <Section
      title={name}
      actions={
        steps.length > 1 && (
          <>
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
      <Seen>
        <div className="values-runs">
          {runs.map((run, number) => {
            const one = series[number];
            if (runs.length > 1 && one === undefined) return null;
            const own = one && stepAtOrBefore(one.steps, shown);
            const values = own === undefined ? [] : (one?.at.get(own) ?? []);
            return (
              <figure key={run.id} className="values-run">
                {(runs.length > 1 || (own !== undefined && own !== shown)) && (
                  <figcaption>
                    {runs.length > 1 && <b className="truncate">{run.name}</b>}
                    {own !== undefined && own !== shown && (
                      <span className="muted numbers"> of step {formatCount(own)}</span>
                    )}
                  </figcaption>
                )}
                {values.length === 0 && <p className="section-empty">Nothing up to this step.</p>}
                <div className="values-of-step">
                  {values.map(value => (
                    <ValueView
                      key={`${value.step} ${value.time_us} ${JSON.stringify(value.context)}`}
                      run={run.id}
                      value={value}
                    />
                  ))}
                </div>
              </figure>
            );
          })}
        </div>
      </Seen>
    </Section>
  );
}
