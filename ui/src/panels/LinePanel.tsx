import { useEffect, useMemo, useState } from "react";
import type { Place } from "../charts/cursor";
import { LineChart, type LineData } from "../charts/line";
import { Failure, Loading, Message } from "../components/states";
import { formatCount, formatShortCount } from "../lib/format";
import type { Said } from "../lib/pixels";
import { type Range, type Scale, withoutOutliers } from "../lib/scales";
import { type ChartSettings, type Panel, settingsOf } from "../lib/settings";
import type { AxisKind } from "../lib/ticks";
import { bucketsFor } from "../lib/windows";
import { ChartHost } from "./ChartHost";
import { CommentDialog } from "./CommentDialog";
import { Flags } from "./Flags";
import { useGrid } from "./grid";
import { Legend } from "./Legend";
import { PanelFrame } from "./PanelFrame";
import { useChart, useSteady, useWidth } from "./useChart";
import { axisOf, isIntegral, useTraces } from "./useTraces";

const KINDS: Record<ChartSettings["x"], AxisKind> = {
  step: "number",
  relative_time: "duration",
  time: "time",
  metric: "number",
};

/** Metrics over steps, time or another metric: a line for each run, or for each group. */
export function LinePanel({ panel, title, large }: { panel: Panel; title: string; large?: boolean }) {
  const { settings, change, focus, pick } = useGrid();
  const chart = useMemo(() => settingsOf(settings, panel), [settings, panel]);
  const [said, setSaid] = useState<Said | null>(null);
  const [x, setX] = useState<Scale | null>(null);
  const [writing, setWriting] = useState<{ turn: number; at: Place | null } | null>(null);
  // The last dialog may be closed and not gone yet: the next one is another.
  const write = useSteady((at: Place | null) => setWriting(last => ({ turn: (last?.turn ?? 0) + 1, at })));
  const axis = axisOf(chart);
  const zoom = settings.zoom?.axis === axis ? settings.zoom.range : null;
  const setZoom = useSteady((range: Range | null) =>
    change({ ...settings, zoom: range && { axis, range } }, "push"),
  );
  const [host, drawn] = useChart<LineData, LineChart>(
    () =>
      new LineChart(focus, {
        zoom: setZoom,
        said: setSaid,
        pick: run => pick?.(run),
        placed: setX,
        comment: write,
      }),
    null,
  );
  const width = useWidth(host);
  const found = useTraces(panel.keys, chart, zoom, width ? bucketsFor(width) : 0);
  const { traces, span } = found;
  const data = useMemo((): LineData => {
    const values = chart.cropped ? traces.flatMap(trace => [...trace.low, ...trace.high]) : [];
    return {
      traces,
      axis,
      kind: KINDS[chart.x],
      integral: isIntegral(chart),
      logX: chart.logX,
      logY: chart.logY,
      smoothed: chart.smoothing.kind !== "none" && chart.smoothing.amount > 0,
      zoom,
      span,
      yRange: [chart.yLow, chart.yHigh],
      crop: chart.cropped ? withoutOutliers(Float64Array.from(values)) : null,
    };
  }, [traces, axis, chart, zoom, span]);
  useEffect(() => drawn?.update(data), [drawn, data]);
  const ofRuns = useMemo(() => traces.filter(({ run }) => run !== null), [traces]);
  const commented = chart.x === "step" && ofRuns.length > 0;
  const empty = !found.pending && !found.error && traces.length === 0;
  return (
    <>
      <PanelFrame
        panel={panel}
        title={title}
        large={large}
        chart={drawn}
        zoomed={zoom !== null}
        unzoom={() => setZoom(null)}
        busy={found.refining}
        acts={commented ? [{ name: "Comment on a step…", act: () => write(null) }] : []}
        foot={
          said && traces.length > 0 ? (
            <Saying said={said} traces={traces.length} cropped={chart.cropped} />
          ) : null
        }
        legend={<Legend traces={traces} large={large} />}
      >
        <ChartHost host={host} label={`${title}: ${traces.length} lines over ${axis.replaceAll("_", " ")}`} />
        {commented && x && <Flags traces={ofRuns} x={x} />}
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
        {empty && (
          <div className="panel-over">
            <Message
              title={chart.x === "metric" && !chart.xMetric ? "Choose the metric along x" : "No points here"}
            />
          </div>
        )}
      </PanelFrame>
      {writing && (
        <CommentDialog key={writing.turn} traces={ofRuns} place={writing.at} close={() => setWriting(null)} />
      )}
    </>
  );
}

function Saying({ said, traces, cropped }: { said: Said; traces: number; cropped: boolean }) {
  const parts = [`${formatShortCount(said.points)} points`];
  if (traces > 1) parts.push(`${traces} lines`);
  parts.push(said.behind > 1 ? `up to ${formatCount(said.behind)} behind a pixel` : "every point drawn");
  if (said.nan) parts.push(`${formatCount(said.nan)} NaN`);
  if (said.left) parts.push(`${formatCount(said.left)} at 0 or below, which a logarithm has no place for`);
  if (cropped) parts.push("outermost hundredths of values not shown");
  return (
    <span title={`${formatCount(said.points)} points in ${formatCount(said.buckets)} buckets`}>
      {parts.join(" · ")}
    </span>
  );
}
