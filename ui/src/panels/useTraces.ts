/** The traces of a line panel: of runs or groups, for its metrics, in the window that is looked at. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Answered, type Ask, loader } from "../api/loader";
import type { Shown } from "../charts/line";
import { DASHES, type Look, looksOf } from "../lib/colours";
import { spanOf } from "../lib/pixels";
import type { Range } from "../lib/scales";
import type { ChartSettings } from "../lib/settings";
import { joined, quantilesOf, smoothed, type Trace, traceOfBand, tracesOf } from "../lib/traces";
import { linearWindow, logWindows, type Window } from "../lib/windows";
import { useGrid } from "./grid";

/** An answer for each window and each metric in it. */
type Parts = Answered[][];

export interface Traces {
  traces: Shown[];
  span: Range | null;
  /** Nothing has come yet. */
  pending: boolean;
  /** What is seen is rougher than what is on its way. */
  refining: boolean;
  error: unknown;
  retry(): void;
}

const NONE: Shown[] = [];

export const isIntegral = (chart: ChartSettings) => chart.x !== "metric";
export const axisOf = (chart: ChartSettings) => (chart.x === "metric" ? `metric ${chart.xMetric}` : chart.x);

export function useTraces(
  keys: readonly string[],
  chart: ChartSettings,
  zoom: Range | null,
  buckets: number,
): Traces {
  const { runs, groups, names, brushed } = useGrid();
  const grouped = chart.group ? groups(chart.group) : null;
  const of = grouped ?? runs;
  const quantiles = grouped ? quantilesOf(chart.spread) : [];
  const ready = buckets > 0 && (chart.x !== "metric" || chart.xMetric !== "");
  const empty = Array.isArray(of) ? of.length === 0 : Object.keys(of).length === 0;
  const asked = { of, x: chart.x, xMetric: chart.x === "metric" ? chart.xMetric : "", quantiles };
  const load = (windows: Window[], signal: AbortSignal): Promise<Parts> =>
    Promise.all(
      windows.map(window =>
        Promise.all(keys.map(key => loader.load({ ...asked, ...window, key } satisfies Ask, signal))),
      ),
    );

  const whole = useQuery({
    queryKey: ["series", asked, keys, buckets],
    queryFn: ({ signal }) => load([linearWindow(null, buckets)], signal),
    enabled: ready && !empty,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });
  const integral = isIntegral(chart);
  const overview = useMemo(
    () => drawn(whole.data, keys, integral, chart),
    [whole.data, keys, integral, chart],
  );
  const span = useMemo(() => spanOf(overview, chart.logX, integral), [overview, chart.logX, integral]);
  const windows = useMemo(() => {
    if (chart.logX && span) {
      const [low, high] = zoom ?? span;
      return logWindows(Math.max(low, span[0]), Math.max(high, span[0] * 2), buckets, integral);
    }
    return zoom ? [linearWindow(zoom, buckets)] : null;
  }, [chart.logX, span, zoom, buckets, integral]);
  const detail = useQuery({
    queryKey: ["series", asked, keys, windows],
    queryFn: ({ signal }) => load(windows ?? [], signal),
    enabled: ready && !empty && windows !== null,
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });

  const traces = useMemo(() => {
    const finer = windows && detail.data ? drawn(detail.data, keys, integral, chart) : null;
    const range = span ? span[1] - span[0] : 0;
    const byId = new Map(overview.map(trace => [trace.id, trace]));
    return (finer ?? overview).map(trace =>
      smoothed(trace, chart.smoothing, range, finer ? byId.get(trace.id) : undefined),
    );
  }, [windows, detail.data, overview, keys, integral, chart, span]);
  const shown = useMemo(() => {
    const all = labelled(traces, keys, names, grouped !== null);
    return brushed ? all.filter(({ run }) => run === null || brushed.has(run)) : all;
  }, [traces, keys, names, grouped, brushed]);
  const failed = whole.error ?? (windows ? detail.error : null);
  return {
    traces: empty ? NONE : shown,
    span,
    pending: (whole.isPending && ready && !empty) || (grouped !== null && empty && runs.length > 0),
    refining: (windows !== null && detail.isPlaceholderData) || whole.isPlaceholderData,
    error: failed,
    retry: () => void (whole.error ? whole.refetch() : detail.refetch()),
  };
}

/** The parts of each line as one, all metrics after each other. */
function drawn(
  parts: Parts | undefined,
  keys: readonly string[],
  integral: boolean,
  chart: ChartSettings,
): Trace[] {
  const found: Trace[] = [];
  if (!parts) return found;
  keys.forEach((key, k) => {
    const lines = new Map<string, Trace[]>();
    for (const part of parts) {
      const answered = part[k];
      if (!answered) continue;
      const some = answered.chart
        ? tracesOf(answered.chart, integral, chart.value)
        : answered.bands.map(band => traceOfBand(band, integral, chart.spread));
      for (const trace of some) {
        const id = keys.length > 1 ? `${trace.id} ${key}` : trace.id;
        const known = lines.get(id);
        if (known) known.push({ ...trace, id });
        else lines.set(id, [{ ...trace, id }]);
      }
    }
    for (const pieces of lines.values()) found.push(joined(pieces));
  });
  return found;
}

/** Looks that were given to groups stay theirs while the page is open, as those of runs do. */
const lines = new Map<string, Look>();

function labelled(traces: Trace[], keys: readonly string[], names: Names, grouped: boolean): Shown[] {
  // A run's colour is its own. Where runs have several lines each, dashes tell these apart; those of one run alone,
  // and groups, have colours of their own.
  const ofRuns = new Set(traces.map(trace => trace.run));
  const several = ofRuns.size < traces.length;
  const alone = ofRuns.size === 1;
  const own =
    alone || grouped
      ? looksOf(
          traces.map(trace => trace.id),
          several ? new Map() : lines,
        )
      : null;
  const seen = new Map<string | null, number>();
  const lookOf = ({ id, run }: Trace): Look => {
    const number = seen.get(run) ?? 0;
    seen.set(run, number + 1);
    const look = own?.get(id) ?? names.look(run ?? id);
    return several && !own ? { colour: look.colour, dash: number % DASHES.length } : look;
  };
  return traces.map(trace => {
    const key = keys.length > 1 ? keyOf(trace, keys) : undefined;
    const context = trace.context
      ? Object.entries(trace.context)
          .map(([name, value]) => `${name}=${value}`)
          .join(" ")
      : "";
    const name = trace.run === null ? trace.id.replace(key ? ` ${key}` : "", "") : names.label(trace.run);
    return {
      ...trace,
      key: key ?? keys[0] ?? "",
      label: [name, context, key].filter(Boolean).join(" · "),
      look: traces.length === 1 && trace.run !== null ? names.look(trace.run) : lookOf(trace),
    };
  });
}

/** Names may have spaces: of those that fit, the longest is the trace's. */
function keyOf({ id }: Trace, keys: readonly string[]): string | undefined {
  return keys.filter(key => id.endsWith(` ${key}`)).sort((a, b) => b.length - a.length)[0];
}

export interface Names {
  label(run: string): string;
  look(run: string): Look;
}
