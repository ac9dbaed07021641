/** Logged values of runs, read as they are looked at; and the images that MLflow keeps as files which say key and step. */

import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { type LoggedValue, mlflowImages } from "../lib/values";
import { api } from "./client";
import { runKey } from "./run";

const VALUES_OF_STEP = 200;

export interface ValueKeys {
  /** What was logged as values. */
  keys: readonly string[];
  /** What lies there as files. */
  images: readonly LoggedValue[];
}

/** The keys under which each of the runs has values. */
export function useValueKeys(ids: readonly string[]) {
  return useQueries({
    queries: ids.map(id => ({
      queryKey: runKey(id, "values", "keys"),
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<ValueKeys> => {
        const [found, files] = await Promise.all([
          api.get("/api/v1/runs/{id}/values/keys", { path: { id }, signal }),
          api.get("/api/v1/runs/{id}/files", { path: { id }, query: { path: "images" }, signal }),
        ]);
        const keys = new Set(found.keys.filter(one => one.context?.summary !== "run").map(one => one.key));
        return { keys: [...keys], images: mlflowImages(files.files.map(file => file.path)) };
      },
    })),
  });
}

/** The steps at which each of the runs has values under the key; of very many, the first ones. */
export function useValueSteps(ids: readonly string[], key: string) {
  return useQueries({
    queries: ids.map(id => ({
      queryKey: runKey(id, "values", "steps", key),
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get("/api/v1/runs/{id}/values/steps", { path: { id }, query: { key }, signal }),
    })),
  });
}

/** What a run has under the key at one step; the last stays until the next is there. */
export function useValuesAt(id: string, key: string, step: number | undefined) {
  return useQuery({
    queryKey: runKey(id, "values", "at", key, step),
    queryFn: async ({ signal }) => {
      const query = { key, first_step: step, last_step: step, limit: VALUES_OF_STEP };
      const found = await api.get("/api/v1/runs/{id}/values", { path: { id }, query, signal });
      return (found.values as LoggedValue[]).filter(value => value.context?.summary !== "run");
    },
    enabled: step !== undefined,
    placeholderData: keepPreviousData,
  });
}
