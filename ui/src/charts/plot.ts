/** The frame of a line chart as uPlot is told it: axes with our ticks, scales with our ranges, a cursor that selects. */

import type uPlot from "uplot";
import type { Range } from "../lib/scales";
import type { Tick } from "../lib/ticks";
import type { Theme } from "./theme";

export type Side = "x" | "y";

export const TICK_PX = { x: 74, y: 44 };

export interface Frame {
  size: [width: number, height: number];
  log: Record<Side, boolean>;
  range(side: Side): Range;
  ticks(side: Side, plot: uPlot): Tick[];
  theme(): Theme | null;
}

export function frameOf(frame: Frame): Omit<uPlot.Options, "hooks"> {
  const [width, height] = frame.size;
  const axis = (side: Side): uPlot.Axis => ({
    stroke: () => frame.theme()?.muted ?? "",
    font: `11px ${frame.theme()?.font}`,
    grid: { stroke: () => frame.theme()?.border ?? "", width: 1 },
    ticks: { show: false },
    border: { show: side === "x", stroke: () => frame.theme()?.border ?? "", width: 1 },
    gap: 6,
    size:
      side === "x"
        ? 26
        : (_plot, values) => 12 + Math.max(18, ...(values ?? []).map(text => textWidth(text, frame.theme()))),
    splits: plot => frame.ticks(side, plot).map(tick => tick.at),
    values: plot => frame.ticks(side, plot).map(tick => tick.text),
  });
  const scale = (side: Side): uPlot.Scale => ({
    time: false,
    auto: false,
    distr: frame.log[side] ? 3 : 1,
    range: () => frame.range(side),
  });
  return {
    width,
    height,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    scales: { x: scale("x"), y: scale("y") },
    axes: [axis("x"), axis("y")],
    series: [{}, { paths: () => null, points: { show: false } }],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
      dataIdx: () => 0,
    },
  };
}

const measuring = typeof document === "undefined" ? null : document.createElement("canvas").getContext("2d");

function textWidth(text: string | number | null, theme: Theme | null): number {
  if (!measuring) return 0;
  measuring.font = `11px ${theme?.font}`;
  return Math.ceil(measuring.measureText(String(text ?? "")).width);
}
