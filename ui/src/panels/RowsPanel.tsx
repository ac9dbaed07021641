import { useMemo, useState } from "react";
import { BarChart } from "../charts/bar";
import { ParallelChart } from "../charts/parallel";
import type { RowsData } from "../charts/points";
import { ScatterChart } from "../charts/scatter";
import { Message } from "../components/states";
import { cellOf, columnTitle } from "../lib/facts";
import { type Panel, settingsOf } from "../lib/settings";
import { ChartHost } from "./ChartHost";
import { type Grid, useGrid } from "./grid";
import { PanelFrame } from "./PanelFrame";
import { useChart } from "./useChart";

/** Runs by what is known of them at their end: as bars, as points of two columns, or as lines through several. */
export function RowsPanel({ panel, title, large }: { panel: Panel; title: string; large?: boolean }) {
  const grid = useGrid();
  const { facts, names, settings, brushed } = grid;
  const [said, setSaid] = useState("");
  const own = useMemo(() => settingsOf(settings, panel), [settings, panel]);
  const data = useMemo((): RowsData => {
    const now = Date.now() * 1e3;
    const all = panel.kind === "parallel"; // which has the brush, and shows what it leaves out
    return {
      columns: panel.keys,
      titles: panel.keys.map(columnTitle),
      rows: facts
        .filter(run => all || !brushed || brushed.has(run.id))
        .map(run => ({
          id: run.id,
          label: run.name || run.id.slice(0, 8),
          look: names.look(run.id),
          cells: panel.keys.map(column => cellOf(run, column, now)),
        })),
      logX: own.logX,
      logY: own.logY,
    };
  }, [facts, names, panel.kind, panel.keys, own.logX, own.logY, brushed]);
  const [host, chart] = useChart(() => made(panel, grid, setSaid), data);
  const missing = panel.keys.length < (panel.kind === "bar" ? 1 : 2);
  return (
    <PanelFrame
      panel={panel}
      title={title}
      large={large}
      chart={chart}
      foot={said ? <span>{said}</span> : null}
    >
      <ChartHost host={host} label={`${title}: ${data.titles.join(", ")} of ${data.rows.length} runs`} />
      {missing && (
        <div className="panel-over">
          <Message title="Choose its columns" />
        </div>
      )}
    </PanelFrame>
  );
}

function made({ id, kind }: Panel, { focus, pick, brush, brushesOf }: Grid, said: (text: string) => void) {
  if (kind === "bar") return new BarChart(focus, { pick, said });
  if (kind === "scatter") return new ScatterChart(focus, { pick, said });
  return new ParallelChart(focus, brushesOf(id), { pick, said, brush });
}
