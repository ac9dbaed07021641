import { Button } from "../components/Button";
import { Icon } from "../components/Icon";
import { columnTitle } from "../lib/facts";
import type { Axis, ChartSettings } from "../lib/settings";
import { SmoothingField, smoothingKinds } from "./fields";
import { useGrid, withChart } from "./grid";
import { useColumns } from "./useColumns";

const AXES: Record<Axis, string> = {
  step: "Step",
  relative_time: "Relative time",
  time: "Wall time",
  metric: "A metric…",
};

/** Above the panels: what is said for all of them. */
export function Toolbar({ editAll }: { editAll(): void }) {
  const { settings, change, edit, keys } = useGrid();
  const { all } = settings;
  const set = (changed: Partial<ChartSettings>) => change(withChart(settings, null, changed), "push");
  const { grouping } = useColumns();
  const add = () =>
    edit(
      { id: newId(settings.panels.map(panel => panel.id)), kind: "line", title: "", keys: [], own: {} },
      true,
    );
  return (
    <div className="panels-tools" role="toolbar" aria-label="All panels">
      <label className="panels-search">
        <Icon name="search" size={14} />
        <input
          type="search"
          placeholder="Search panels"
          aria-label="Search panels"
          value={settings.search}
          onChange={event => change({ ...settings, search: event.target.value }, "replace")}
        />
      </label>
      <label className="field">
        <span>X</span>
        <select value={all.x} onChange={event => set({ x: event.target.value as Axis })}>
          {Object.entries(AXES).map(([axis, name]) => (
            <option key={axis} value={axis}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {all.x === "metric" && (
        <label className="field">
          <span className="visually-hidden">Metric along x</span>
          <select value={all.xMetric} onChange={event => set({ xMetric: event.target.value })}>
            <option value="">Choose…</option>
            {keys.map(key => (
              <option key={key}>{key}</option>
            ))}
          </select>
        </label>
      )}
      <SmoothingField value={all.smoothing} kinds={smoothingKinds} change={smoothing => set({ smoothing })} />
      <label className="field">
        <span>Group by</span>
        <select value={all.group} onChange={event => set({ group: event.target.value })}>
          <option value="">Nothing</option>
          {[...new Set([...(all.group ? [all.group] : []), ...grouping])].map(column => (
            <option key={column} value={column}>
              {columnTitle(column)}
            </option>
          ))}
        </select>
      </label>
      <Button kind="quiet" pressed={all.logY} onClick={() => set({ logY: !all.logY })}>
        Log y
      </Button>
      <span className="panels-gap" />
      <Button
        kind="quiet"
        icon
        aria-label="Settings of all panels"
        title="Settings of all panels"
        onClick={editAll}
      >
        <Icon name="settings" />
      </Button>
      <Button onClick={add}>
        <Icon name="plus" size={14} /> Add panel
      </Button>
    </div>
  );
}

/** The least number that no panel has. */
function newId(taken: string[]): string {
  let number = 1;
  while (taken.includes(`own-${number}`)) number += 1;
  return `own-${number}`;
}
