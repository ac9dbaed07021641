/** What the first page shows: what runs now, what ran last, and where something goes on. */
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "./client";
import { DAYS } from "./experiments";
import { useChanges } from "./live";

const RUNNING = 8;
const RECENT = 14;
const EXPERIMENTS = 12;

/** How many runs there are at all, deleted or not: none on a fresh server. */
export function useAnything() {
  return useQuery({
    queryKey: ["runs", "anything"],
    queryFn: async ({ signal }) => {
      const found = await api.get("/api/v1/runs", { query: { view: "all", limit: 1 }, signal });
      return found.runs[0] ?? null;
    },
  });
}

function useNewest(filter: string, limit: number) {
  return useQuery({
    queryKey: ["runs", "newest", filter, limit],
    queryFn: async ({ signal }) => (await api.get("/api/v1/runs", { query: { filter, limit }, signal })).runs,
    placeholderData: keepPreviousData,
  });
}

export const useRunningRuns = () => useNewest("status = 'running'", RUNNING);
export const useRecentRuns = () => useNewest("", RECENT);

/** Experiments with their runs of the last days, those first in which something began last. */
export function useActiveExperiments() {
  return useQuery({
    queryKey: ["experiments", "active"],
    queryFn: async ({ signal }) => {
      const query = { activity: DAYS, limit: 200 };
      const { experiments } = await api.get("/api/v1/experiments", { query, signal });
      return experiments
        .sort((a, b) => (b.activity?.last_us ?? 0) - (a.activity?.last_us ?? 0) || b.id - a.id)
        .slice(0, EXPERIMENTS);
    },
    placeholderData: keepPreviousData,
  });
}

/** The first page moves by itself. */
export function useLiveHome(): void {
  const client = useQueryClient();
  useChanges(() => {
    for (const key of [
      ["runs", "anything"],
      ["runs", "newest"],
      ["experiments", "active"],
    ])
      void client.invalidateQueries({ queryKey: key });
  });
}
