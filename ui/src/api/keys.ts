/** Which keys runs have, and which texts stand under them. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api } from "./client";

const VALUES = 50;

/** All keys, by how many runs have them. */
export function useKeys(experiments: readonly number[], view: "active" | "deleted" | "all", enabled = true) {
  return useQuery({
    queryKey: ["keys", experiments, view],
    queryFn: async ({ signal }) => {
      const found = await api.get("/api/v1/keys", {
        query: { experiment_id: experiments, view, limit: 5_000 },
        signal,
      });
      return found.keys;
    },
    staleTime: 60_000,
    placeholderData: keepPreviousData,
    enabled,
  });
}

/** The first texts of a param or tag that begin so. */
export function useValues(
  experiments: readonly number[],
  of: { kind: "param" | "tag"; key: string } | null,
  prefix: string,
) {
  return useQuery({
    queryKey: ["keys", "values", experiments, of, prefix],
    queryFn: async ({ signal }) => {
      if (!of) return [];
      const query = { experiment_id: experiments, kind: of.kind, key: of.key, prefix, limit: VALUES };
      return (await api.get("/api/v1/keys/values", { query, signal })).values;
    },
    enabled: of !== null,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
  });
}
