import { useEffect, useMemo, useState } from "react";
import { type HeatData, Heatmap } from "../charts/heatmap";
import { Failure, Loading } from "../components/states";
import { type Panel, settingsOf } from "../lib/settings";
import { bucketsFor } from "../lib/windows";
import { ChartHost } from "./ChartHost";
import { useGrid } from "./grid";
import { PanelFrame } from "./PanelFrame";
import { useChart, useWidth } from "./useChart";
import { axisOf, isIntegral, useTraces } from "./useTraces";

/** One metric of many runs over steps as shades, a row for each run. */
export function HeatPanel({ panel, title, large }: { panel: Panel; title: string; large?: boolean }) {
  const { settings, focus, pick } = useGrid();
  const chart = useMemo(() => ({ ...settingsOf(settings, panel), logX: false }), [settings, panel]);
  const [said, setSaid] = useState("");
  const [host, drawn] = useChart<HeatData, Heatmap>(() => new Heatmap(focus, { said: setSaid, pick }), null);
  const width = useWidth(host);
  const found = useTraces(panel.keys.slice(0, 1), chart, null, width ? bucketsFor(width / 2) : 0);
  const data = useMemo(
    (): HeatData => ({
      rows: found.traces.map(trace => ({
        id: trace.id,
        label: trace.label,
        from: trace.x.map((x, i) => x - trace.wide[i]! / 2),
        to: spread(trace.x, trace.wide),
        value: trace.shown,
      })),
      kind: chart.x === "time" ? "time" : chart.x === "relative_time" ? "duration" : "number",
      integral: isIntegral(chart),
      axis: axisOf(chart),
      log: chart.logY,
      what: panel.keys[0] ?? "",
    }),
    [found.traces, chart, panel.keys],
  );
  useEffect(() => drawn?.update(data), [drawn, data]);
  return (
    <PanelFrame
      panel={panel}
      title={title}
      large={large}
      chart={drawn}
      foot={said ? <span>{said}</span> : null}
    >
      <ChartHost host={host} label={`${title}: ${found.traces.length} rows`} />
      {found.pending && !found.error && (
        <div className="panel-over">
          <Loading />
        </div>
      )}
      {found.error !== null && (
        <div className="panel-over">
          <Failure error={found.error} retry={found.retry} />
        </div>
      )}
    </PanelFrame>
  );
}

/** A cell reaches to the next one, so that what was logged rarely is no row of dots; but not over a long gap. */
function spread(x: Float64Array, wide: Float64Array): Float64Array {
  const usual = x.length > 1 ? ((x.at(-1)! - x[0]!) / (x.length - 1)) * 2 : 0;
  return x.map((at, i) => {
    const end = at + wide[i]! / 2;
    const next = i + 1 < x.length ? x[i + 1]! - wide[i + 1]! / 2 : end;
    return Math.max(end, Math.min(next, at + usual));
  });
}
