/** Lists of runs: page by page behind a known count, kept current in place, and what is done to many. */
import {
  type InfiniteData,
  keepPreviousData,
  type QueryClient,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useMemo, useRef, useState } from "react";
import type { Run } from "../lib/fields";
import { api, type Schemas } from "./client";
import { useChanges } from "./live";
import { pageOf, type Selection } from "./selection";

type Page = Schemas["Runs"];
type Pages = InfiniteData<Page, string | null>;

const TOGETHER = 100; // ids of one question
const PATCHED_BOUND = 500; // more changes than these at once, and the list is asked for anew

/** How many runs there are. */
export function useCount(selection: Omit<Selection, "order">, enabled = true) {
  const { experiments: experiment_id, filter, view } = selection;
  return useQuery({
    queryKey: ["runs", "count", experiment_id, filter, view],
    queryFn: ({ signal }) =>
      api.get("/api/v1/runs/count", { query: { experiment_id, filter, view }, signal }),
    placeholderData: keepPreviousData,
    enabled,
  });
}

/** The runs of a selection, as far as they were asked for. */
export function useRunList(selection: Selection, enabled = true) {
  const client = useQueryClient();
  const key = ["runs", "list", selection] as const;
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }): Promise<Page> =>
      api.get("/api/v1/runs", { query: pageOf(selection, pageParam), signal }),
    initialPageParam: null as string | null,
    getNextPageParam: last => last.next_page_token,
    structuralSharing: false, // comparing ten thousand runs takes longer than drawing thirty
    staleTime: Number.POSITIVE_INFINITY, // changes are told
    placeholderData: keepPreviousData,
    enabled,
  });
  const runs = useMemo(() => query.data?.pages.flatMap(page => page.runs) ?? [], [query.data]);
  const { news, reload } = useCurrent(client, key, runs, selection);
  return { ...query, runs, news, reload };
}

/** Loaded runs are changed in place when they change; of others it is counted how many changed. */
function useCurrent(
  client: QueryClient,
  key: readonly unknown[],
  runs: readonly Run[],
  selection: Selection,
) {
  const [news, setNews] = useState(0);
  const unseen = useRef(new Set<string>());
  const reload = async () => {
    unseen.current.clear();
    setNews(0);
    client.setQueryData<Pages>(key, old => old && { pages: old.pages.slice(0, 1), pageParams: [null] });
    await Promise.all([
      client.refetchQueries({ queryKey: key }),
      client.invalidateQueries({ queryKey: ["runs", "count"] }),
    ]);
  };
  useChanges(changes => {
    const first = runs.length === 0 && !selection.filter; // whoever waits for a first run need not ask for it
    if (changes.all || first || changes.runs.size > PATCHED_BOUND) {
      void reload();
      return;
    }
    const loaded = new Map(runs.map(run => [run.id, run]));
    const here = new Set(runs.map(run => run.experiment_id));
    const known: string[] = [];
    for (const [id, experiment] of changes.runs) {
      if (loaded.has(id)) known.push(id);
      else if (selection.experiments.length === 0 || runs.length === 0 || here.has(experiment))
        unseen.current.add(id);
    }
    setNews(unseen.current.size);
    if (known.length) void runsById(known).then(fresh => put(client, key, fresh));
  });
  return { news, reload };
}

/** The runs stand in the list as they are now. */
function put(client: QueryClient, key: readonly unknown[], fresh: ReadonlyMap<string, Run>): void {
  client.setQueryData<Pages>(
    key,
    old =>
      old && {
        ...old,
        pages: old.pages.map(page =>
          page.runs.some(run => fresh.has(run.id))
            ? { ...page, runs: page.runs.map(run => fresh.get(run.id) ?? run) }
            : page,
        ),
      },
  );
}

/** Those of the runs that there are. */
export async function runsById(ids: readonly string[]): Promise<Map<string, Run>> {
  const found = new Map<string, Run>();
  for (let at = 0; at < ids.length; at += TOGETHER) {
    const some = ids.slice(at, at + TOGETHER);
    const filter = `id IN (${some.map(id => `'${id.replaceAll("'", "")}'`).join(", ")})`;
    const page = await api.get("/api/v1/runs", { query: { filter, view: "all", limit: some.length } });
    for (const run of page.runs) found.set(run.id, run);
  }
  return found;
}

/** After runs were changed here: their rows, and what was counted over them. */
export async function touched(client: QueryClient, ids: readonly string[]): Promise<void> {
  const fresh = await runsById(ids);
  for (const [key] of client.getQueriesData({ queryKey: ["runs", "list"] })) put(client, key, fresh);
  void client.invalidateQueries({ queryKey: ["run"] });
  void client.invalidateQueries({ queryKey: ["runs", "count"] });
  void client.invalidateQueries({ queryKey: ["keys"] });
}

/** After runs came or went. */
export function relisted(client: QueryClient): void {
  void client.invalidateQueries({ queryKey: ["runs"] });
  void client.invalidateQueries({ queryKey: ["run"] });
}
