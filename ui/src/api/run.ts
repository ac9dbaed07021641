/** One run: reading it, changing it, and keeping it current while it changes. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api, type Schemas } from "./client";
import { useChanges } from "./live";

export type RunDetail = Schemas["RunDetail"];
export type Run = Schemas["Run"];
export type RunChange = Partial<Schemas["RunChange"]>;

/** All that is known of a run lies under its id; what moves with every point lies under `detail`. */
export const runKey = (id: string, ...rest: unknown[]) => ["run", id, ...rest];

export function useRun(id: string) {
  return useQuery({
    queryKey: runKey(id, "detail"),
    queryFn: ({ signal }) => api.get("/api/v1/runs/{id}", { path: { id }, signal }),
  });
}

/** Several runs as lists show them, in the order asked for; those that are not there are left out. */
export function useRuns(ids: readonly string[]) {
  return useQuery({
    queryKey: ["runs", "these", ids],
    queryFn: async ({ signal }) => {
      const named = ids.map(id => `'${id.replaceAll("'", "")}'`).join(", ");
      const query = { filter: `id IN (${named})`, view: "all", limit: ids.length };
      const found = await api.get("/api/v1/runs", { query, signal });
      const byId = new Map(found.runs.map(run => [run.id, run]));
      return ids.flatMap(id => byId.get(id) ?? []);
    },
    enabled: ids.length > 0,
  });
}

/** Changes a run, and shows it as it then is. */
export function useChangeRun(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: RunChange) =>
      api.patch("/api/v1/runs/{id}", { path: { id }, body: body as Schemas["RunChange"] }),
    onSuccess: () => told(queries, id),
  });
}

export type RunAct = "stop" | "delete" | "restore";

/** Stops, deletes or restores a run. */
export function useActOnRun(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (act: RunAct): Promise<void> => {
      if (act === "stop") await api.post("/api/v1/runs/{id}/stop", { path: { id } });
      else if (act === "restore") await api.post("/api/v1/runs/{id}/restore", { path: { id } });
      else await api.delete("/api/v1/runs/{id}", { path: { id } });
    },
    onSuccess: () => told(queries, id),
  });
}

async function told(queries: ReturnType<typeof useQueryClient>, id: string): Promise<void> {
  await queries.invalidateQueries({ queryKey: runKey(id, "detail") });
  void queries.invalidateQueries({ queryKey: ["runs"] });
}

const REST_MS = 5_000;

/** While the component is there, what it shows of the runs follows their changes; lists are read anew less often. */
export function useLiveRuns(ids: readonly string[]): void {
  const queries = useQueryClient();
  const waiting = useRef(new Map<string, number>());
  useChanges(({ all, runs }) => {
    for (const id of ids) {
      if (!all && !runs.has(id)) continue;
      void queries.invalidateQueries({ queryKey: runKey(id, "detail") });
      if (waiting.current.has(id)) continue;
      const timer = window.setTimeout(() => {
        waiting.current.delete(id);
        const isList = (key: readonly unknown[]) => key[0] === "run" && key[1] === id && key[2] !== "detail";
        void queries.invalidateQueries({
          predicate: query => isList(query.queryKey) && query.meta?.still !== true,
        });
      }, REST_MS);
      waiting.current.set(id, timer);
    }
    if (all || ids.some(id => runs.has(id))) void queries.invalidateQueries({ queryKey: ["runs", "these"] });
  });
  useEffect(() => {
    const timers = waiting.current;
    return () => {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    };
  }, []);
}
