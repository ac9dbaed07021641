/** What is known of the runs of a page, and the metrics that they have. */

import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api } from "../api/client";
import type { Facts } from "../lib/facts";

const TOGETHER = 100; // runs in one request: their ids fit into an address
const FEW = 4; // runs whose metrics in contexts are looked for too

export interface KnownRuns {
  /** In the order in which they were given; those that are gone are left out. */
  runs: Facts[];
  keys: string[];
  pending: boolean;
  error: unknown;
  retry(): void;
}

/** Asks for so many runs at once; what has come is there before the rest is. */
export function useFacts(ids: readonly string[]): KnownRuns {
  const parts = useMemo(() => {
    const found: string[][] = [];
    for (let at = 0; at < ids.length; at += TOGETHER) found.push(ids.slice(at, at + TOGETHER));
    return found;
  }, [ids]);
  const answers = useQueries({
    queries: parts.map(part => ({
      queryKey: ["panel-runs", part],
      queryFn: ({ signal }: { signal: AbortSignal }) => factsOf(part, signal),
      placeholderData: (before: Facts[] | undefined) => before,
    })),
    combine: results => ({
      found: results.map(result => result.data),
      pending: results.some(result => result.isPending),
      error: results.find(result => result.error)?.error ?? null,
      retry: () => {
        for (const result of results) if (result.isError) void result.refetch();
      },
    }),
  });
  const few = ids.length <= FEW;
  const inContexts = useQuery({
    queryKey: ["panel-keys", ids],
    queryFn: ({ signal }) => keysOf(ids, signal),
    enabled: few && ids.length > 0,
  });
  const runs = useMemo(() => {
    const known = new Map(answers.found.flatMap(some => some ?? []).map(run => [run.id, run]));
    return ids.flatMap(id => known.get(id) ?? []);
  }, [answers.found, ids]);
  const more = few ? inContexts.data : undefined;
  const keys = useMemo(() => {
    const found = new Set(more);
    for (const run of runs) for (const key in run.metrics) found.add(key);
    return [...found];
  }, [runs, more]);
  return { runs, keys, pending: answers.pending, error: answers.error, retry: answers.retry };
}

async function factsOf(ids: string[], signal: AbortSignal): Promise<Facts[]> {
  const filter = `id IN (${ids.map(id => `'${id.replaceAll("'", "''")}'`).join(", ")})`;
  const page = await api.get("/api/v1/runs", { query: { filter, view: "all", limit: ids.length }, signal });
  return page.runs as Facts[];
}

async function keysOf(ids: readonly string[], signal: AbortSignal): Promise<string[]> {
  const found = await Promise.all(
    ids.map(async id => {
      const page = await api.get("/api/v1/runs/{id}/series", {
        path: { id },
        query: { limit: 1_000 },
        signal,
      });
      return page.series.map(series => series.key);
    }),
  );
  return [...new Set(found.flat())];
}
