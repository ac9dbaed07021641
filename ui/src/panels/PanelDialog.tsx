import { useState } from "react";
import { Button } from "../components/Button";
import { columnTitle } from "../lib/facts";
import { type ChartSettings, type Panel, type PanelKind, settingsOf } from "../lib/settings";
import type { BucketValue, Spread } from "../lib/traces";
import { Check, Choice, NumberField, SmoothingField, smoothingKinds } from "./fields";
import { useGrid, withChart } from "./grid";
import { Picker } from "./Picker";
import { Sheet } from "./Sheet";
import { useColumns } from "./useColumns";

const KINDS: Record<PanelKind, string> = {
  line: "Lines",
  bar: "Bars",
  scatter: "Scatter",
  parallel: "Parallel coordinates",
  heatmap: "Heatmap",
};
const WHAT: Record<PanelKind, string> = {
  line: "Metrics",
  bar: "Column",
  scatter: "Columns: along x, along y, and as shade",
  parallel: "Columns, from left to right; the last one shades the lines",
  heatmap: "Metric",
};
const MOST: Record<PanelKind, number> = { line: 20, bar: 1, scatter: 3, parallel: 20, heatmap: 1 };
const VALUES: Record<BucketValue, string> = {
  mean: "Mean",
  last: "Last value",
  min: "Minimum",
  max: "Maximum",
};
const SPREADS: Record<Spread, string> = {
  range: "Minimum to maximum",
  deviation: "One standard deviation",
  quartiles: "Quartiles, with the median as line",
  none: "Nothing",
};

interface Props {
  /** Null: the settings of all panels. */
  panel: Panel | null;
  isNew: boolean;
  close(): void;
}

/** Settings of a panel, or of all; and what a panel of one's own shows. Nothing changes until it is applied. */
export function PanelDialog({ panel, isNew, close }: Props) {
  const { settings, change, keys } = useGrid();
  const { columns } = useColumns();
  const own = isNew || settings.panels.some(one => one.id === panel?.id);
  const [kind, setKind] = useState<PanelKind>(panel?.kind ?? "line");
  const [title, setTitle] = useState(panel?.title ?? "");
  const [chosen, setChosen] = useState<string[]>(panel?.keys ?? []);
  const [changed, setChanged] = useState<Partial<ChartSettings>>({});
  const [across, setAcross] = useState(settings.across);
  const before = panel ? settingsOf(settings, panel) : settings.all;
  const chart = { ...before, ...changed };
  const set = (more: Partial<ChartSettings>) => setChanged({ ...changed, ...more });
  const overSteps = kind === "line" || kind === "heatmap";
  const apply = () => {
    let next = { ...settings, across };
    if (panel && own) {
      const made = { ...panel, kind, title, keys: chosen.slice(0, MOST[kind]) };
      const panels = isNew
        ? [...settings.panels, made]
        : settings.panels.map(one => (one.id === panel.id ? made : one));
      next = { ...next, panels };
    }
    change(withChart(next, panel, changed), "push");
    close();
  };
  const heading = isNew
    ? "New panel"
    : panel
      ? `Settings of ${title || panel.keys.map(columnTitle).join(", ")}`
      : "Settings of all panels";
  return (
    <Sheet title={heading} close={close}>
      <form
        className="panel-form"
        onSubmit={event => {
          event.preventDefault();
          apply();
        }}
      >
        {own && (
          <>
            <div className="panel-kinds" role="radiogroup" aria-label="Kind">
              {Object.entries(KINDS).map(([one, name]) => (
                <label key={one} className="panel-kind">
                  <input
                    type="radio"
                    name="kind"
                    checked={kind === one}
                    onChange={() => switchTo(one as PanelKind)}
                  />
                  <span>{name}</span>
                </label>
              ))}
            </div>
            <label className="field">
              <span>Title</span>
              <input
                value={title}
                placeholder="of what it shows"
                onChange={event => setTitle(event.target.value)}
              />
            </label>
            <Picker
              key={overSteps ? "metrics" : "columns"}
              label={WHAT[kind]}
              all={overSteps ? keys : columns}
              chosen={chosen}
              most={MOST[kind]}
              change={setChosen}
            />
          </>
        )}
        {overSteps && (
          <div className="panel-fields">
            <Choice
              label="X axis"
              value={chart.x}
              names={{ step: "Step", relative_time: "Relative time", time: "Wall time", metric: "A metric" }}
              change={x => set({ x })}
            />
            {chart.x === "metric" && (
              <Choice
                label="Metric along x"
                value={chart.xMetric}
                names={{ "": "Choose…", ...Object.fromEntries(keys.map(key => [key, key])) }}
                change={xMetric => set({ xMetric })}
              />
            )}
            <Choice
              label="Where points share a bucket"
              value={chart.value}
              names={VALUES}
              change={value => set({ value })}
            />
            <Choice
              label="Around a group's line"
              value={chart.spread}
              names={SPREADS}
              change={spread => set({ spread })}
            />
            <SmoothingField
              value={chart.smoothing}
              kinds={smoothingKinds}
              change={smoothing => set({ smoothing })}
            />
          </div>
        )}
        <div className="panel-fields">
          <Check label="Logarithmic x" value={chart.logX} change={logX => set({ logX })} />
          <Check label="Logarithmic y" value={chart.logY} change={logY => set({ logY })} />
          {overSteps && (
            <Check
              label="Leave out the outermost hundredths of values"
              value={chart.cropped}
              change={cropped => set({ cropped })}
            />
          )}
          {kind === "line" && panel && (
            <>
              <NumberField label="Y from" value={chart.yLow} change={yLow => set({ yLow })} />
              <NumberField label="to" value={chart.yHigh} change={yHigh => set({ yHigh })} />
            </>
          )}
          {!panel && (
            <Choice
              label="Panels beside each other"
              value={String(across) as "0"}
              names={
                { 0: "As many as fit", 1: "1", 2: "2", 3: "3", 4: "4", 5: "5", 6: "6" } as Record<
                  string,
                  string
                >
              }
              change={value => setAcross(Number(value))}
            />
          )}
        </div>
        <div className="panel-buttons">
          {panel && !own && settings.own[panel.id] && (
            <Button
              kind="quiet"
              onClick={() => {
                const { [panel.id]: _, ...rest } = settings.own;
                change({ ...settings, own: rest }, "push");
                close();
              }}
            >
              As all panels
            </Button>
          )}
          <Button onClick={close}>Cancel</Button>
          <Button kind="strong" type="submit" disabled={own && chosen.length === 0}>
            {isNew ? "Add" : "Apply"}
          </Button>
        </div>
      </form>
    </Sheet>
  );

  /** Metrics and columns have other names: what was chosen stays where it can. */
  function switchTo(next: PanelKind): void {
    const steps = next === "line" || next === "heatmap";
    if (steps !== overSteps)
      setChosen(
        steps
          ? chosen.filter(one => one.startsWith("metrics.")).map(one => one.slice(8))
          : chosen.map(one => `metrics.${one}`),
      );
    setKind(next);
  }
}
