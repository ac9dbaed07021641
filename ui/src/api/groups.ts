/** Runs that have something in common, counted and measured on the server over all of them. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, type Schemas } from "./client";
import type { Selection } from "./selection";

export type RunGroup = Schemas["RunGroup"];

const MOST = 200;
export const MEASURES_BOUND = 20;

/** The largest groups by a field, with the metrics that are measured. */
export function useGroups(selection: Selection, by: string, measures: readonly string[]) {
  const { experiments: experiment_id, filter, view } = selection;
  return useQuery({
    queryKey: ["runs", "groups", experiment_id, filter, view, by, measures],
    queryFn: ({ signal }) =>
      api.get("/api/v1/runs/groups", {
        query: { experiment_id, filter, view, by, measure: measures.slice(0, MEASURES_BOUND), limit: MOST },
        signal,
      }),
    placeholderData: keepPreviousData,
    enabled: by !== "",
  });
}
