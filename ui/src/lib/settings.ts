/**
 * What a person has chosen about panels. It lies in the URL as compact JSON, and a saved view keeps the same text; what
 * is as it would be anyway is left out. What cannot be read is passed over: an old link must still open.
 */

import type { Range } from "./scales";
import type { Smoothing, SmoothingKind } from "./smoothing";
import type { BucketValue, Spread } from "./traces";

export type Axis = "step" | "relative_time" | "time" | "metric";
export type PanelKind = "line" | "bar" | "scatter" | "parallel" | "heatmap";

export interface ChartSettings {
  x: Axis;
  xMetric: string;
  logX: boolean;
  logY: boolean;
  smoothing: Smoothing;
  value: BucketValue;
  /** `params.KEY` or `tags.KEY`, or empty: runs that have the same there are one line. */
  group: string;
  spread: Spread;
  /** Without the outermost hundredth of values at each end of y. */
  cropped: boolean;
  yLow: number | null;
  yHigh: number | null;
}

/** A panel of one's own. `keys` are metrics of a line or heatmap; else columns such as `params.lr`, `metrics.loss`. */
export interface Panel {
  id: string;
  kind: PanelKind;
  title: string;
  keys: string[];
  own: Partial<ChartSettings>;
}

export interface PanelSettings {
  all: ChartSettings;
  panels: Panel[];
  /** What differs for panels that made themselves, by their metric. */
  own: Record<string, Partial<ChartSettings>>;
  closed: string[];
  search: string;
  /** Panels beside each other; 0: as many as fit. */
  across: number;
  /** The part of an axis that is looked at, in all panels that have this axis. */
  zoom: { axis: string; range: Range } | null;
}

export const CHART: ChartSettings = {
  x: "step",
  xMetric: "",
  logX: false,
  logY: false,
  smoothing: { kind: "none", amount: 0 },
  value: "mean",
  group: "",
  spread: "range",
  cropped: false,
  yLow: null,
  yHigh: null,
};

export const SETTINGS: PanelSettings = {
  all: CHART,
  panels: [],
  own: {},
  closed: [],
  search: "",
  across: 0,
  zoom: null,
};

const AXES: readonly Axis[] = ["step", "relative_time", "time", "metric"];
const KINDS: readonly PanelKind[] = ["line", "bar", "scatter", "parallel", "heatmap"];
const SMOOTHINGS: readonly SmoothingKind[] = ["none", "ema", "gaussian", "mean"];
const VALUES: readonly BucketValue[] = ["mean", "last", "min", "max"];
const SPREADS: readonly Spread[] = ["range", "deviation", "quartiles", "none"];
const PANELS_BOUND = 100;
const KEYS_BOUND = 50;

/** The settings of one panel: its own before those of all. */
export function settingsOf(settings: PanelSettings, panel: Panel): ChartSettings {
  return { ...settings.all, ...(settings.own[panel.id] ?? {}), ...panel.own };
}

/** As the URL has it; empty where nothing was chosen. */
export function encodeSettings(settings: PanelSettings): string {
  const text: Record<string, unknown> = {};
  const all = encodeChart(settings.all, CHART);
  if (Object.keys(all).length) text.a = all;
  if (settings.panels.length)
    text.p = settings.panels.map(({ id, kind, title, keys, own }) => ({
      i: id,
      t: kind,
      k: keys,
      ...(title ? { n: title } : {}),
      ...(Object.keys(own).length ? { o: encodeChart(own) } : {}),
    }));
  const own = Object.entries(settings.own).filter(([, changed]) => Object.keys(changed).length);
  if (own.length) text.o = Object.fromEntries(own.map(([key, changed]) => [key, encodeChart(changed)]));
  if (settings.closed.length) text.c = settings.closed;
  if (settings.search) text.s = settings.search;
  if (settings.across) text.w = settings.across;
  if (settings.zoom) text.z = [settings.zoom.axis, ...settings.zoom.range];
  return Object.keys(text).length ? JSON.stringify(text) : "";
}

/** What `encodeSettings` wrote, or whatever somebody put there. */
export function decodeSettings(text: string | null | undefined): PanelSettings {
  if (!text) return SETTINGS;
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return SETTINGS;
  }
  const given = record(found);
  const panels = list(given.p)
    .slice(0, PANELS_BOUND)
    .flatMap((entry): Panel[] => {
      const panel = record(entry);
      const kind = one(KINDS, panel.t);
      if (!kind || typeof panel.i !== "string") return [];
      return [
        {
          id: panel.i,
          kind,
          title: texted(panel.n),
          keys: texts(panel.k).slice(0, KEYS_BOUND),
          own: decodeChart(panel.o),
        },
      ];
    });
  return {
    all: { ...CHART, ...decodeChart(given.a) },
    panels: panels.filter((panel, at) => panels.findIndex(other => other.id === panel.id) === at),
    own: Object.fromEntries(
      Object.entries(record(given.o)).map(([key, changed]) => [key, decodeChart(changed)]),
    ),
    closed: texts(given.c),
    search: texted(given.s),
    across: Number.isInteger(given.w) && Number(given.w) >= 0 && Number(given.w) <= 6 ? Number(given.w) : 0,
    zoom: decodeZoom(given.z),
  };
}

function decodeZoom(given: unknown): PanelSettings["zoom"] {
  const [axis, low, high] = list(given);
  const right = typeof axis === "string" && typeof low === "number" && typeof high === "number" && low < high;
  return right ? { axis, range: [low, high] } : null;
}

/** Settings as short fields; with `usual`, those that are as usual are left out. */
function encodeChart(chart: Partial<ChartSettings>, usual?: ChartSettings): Record<string, unknown> {
  const text: Record<string, unknown> = {};
  const put = (field: keyof ChartSettings, short: string, value: unknown) => {
    if (
      chart[field] !== undefined &&
      (!usual || JSON.stringify(chart[field]) !== JSON.stringify(usual[field]))
    )
      text[short] = value;
  };
  put("x", "x", chart.x);
  put("xMetric", "m", chart.xMetric);
  put("logX", "lx", chart.logX ? 1 : 0);
  put("logY", "ly", chart.logY ? 1 : 0);
  put("smoothing", "s", chart.smoothing && [chart.smoothing.kind, chart.smoothing.amount]);
  put("value", "v", chart.value);
  put("group", "g", chart.group);
  put("spread", "b", chart.spread);
  put("cropped", "c", chart.cropped ? 1 : 0);
  put("yLow", "y0", chart.yLow);
  put("yHigh", "y1", chart.yHigh);
  return text;
}

function decodeChart(given: unknown): Partial<ChartSettings> {
  const text = record(given);
  const chart: Partial<ChartSettings> = {};
  const x = one(AXES, text.x);
  if (x) chart.x = x;
  if (typeof text.m === "string") chart.xMetric = text.m;
  if (text.lx !== undefined) chart.logX = text.lx === 1;
  if (text.ly !== undefined) chart.logY = text.ly === 1;
  const [kind, amount] = list(text.s);
  const smoothing = one(SMOOTHINGS, kind);
  if (smoothing && typeof amount === "number" && amount >= 0 && amount < 1)
    chart.smoothing = { kind: smoothing, amount };
  const value = one(VALUES, text.v);
  if (value) chart.value = value;
  if (typeof text.g === "string") chart.group = text.g;
  const spread = one(SPREADS, text.b);
  if (spread) chart.spread = spread;
  if (text.c !== undefined) chart.cropped = text.c === 1;
  if (text.y0 === null || typeof text.y0 === "number") chart.yLow = text.y0;
  if (text.y1 === null || typeof text.y1 === "number") chart.yHigh = text.y1;
  return chart;
}

const record = (value: unknown): Record<string, unknown> =>
  value && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const texts = (value: unknown): string[] =>
  list(value).filter((item): item is string => typeof item === "string");
const texted = (value: unknown): string => (typeof value === "string" ? value : "");
const one = <T extends string>(known: readonly T[], value: unknown): T | undefined =>
  known.find(item => item === value);
