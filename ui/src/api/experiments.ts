/** Experiments: listing and changing them. */
import {
  keepPreviousData,
  type QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { quoted } from "../lib/fields";
import { api, type Schemas } from "./client";

export type Experiment = Schemas["Experiment"];

const PAGE = 100;
export const DAYS = 30;
export const DESCRIPTION = "mlflow.note.content";

/** Those whose name holds a text, with what goes on in them, newest first. */
export function useExperiments(search: string, view: "active" | "deleted") {
  return useInfiniteQuery({
    queryKey: ["experiments", "list", search, view],
    queryFn: ({ pageParam, signal }) => {
      const pattern = `%${search.replace(/[%_]/g, "_")}%`;
      const filter = search ? `name ILIKE ${quoted(pattern)}` : "";
      const query = { filter, view, limit: PAGE, page_token: pageParam, activity: DAYS };
      return api.get("/api/v1/experiments", { query, signal });
    },
    initialPageParam: null as string | null,
    getNextPageParam: last => last.next_page_token,
    placeholderData: keepPreviousData,
  });
}

/** One of them by its number. */
export function useExperiment(id: number | undefined) {
  return useQuery({
    queryKey: ["experiment", id],
    queryFn: ({ signal }) => api.get("/api/v1/experiments/{id}", { path: { id: id ?? 0 }, signal }),
    enabled: id !== undefined,
  });
}

/** The names of experiments by their numbers, as far as the newest thousand have them. */
export function useExperimentNames(enabled = true) {
  return useQuery({
    queryKey: ["experiments", "names"],
    queryFn: async ({ signal }) => {
      const found = await api.get("/api/v1/experiments", { query: { view: "all", limit: 1_000 }, signal });
      return new Map(found.experiments.map(one => [one.id, one.name]));
    },
    staleTime: 60_000,
    enabled,
  });
}

export type ExperimentAct =
  | { act: "create"; name: string }
  | { act: "rename"; id: number; name: string }
  | { act: "describe"; id: number; text: string }
  | { act: "delete"; id: number }
  | { act: "restore"; id: number };

async function perform(asked: ExperimentAct): Promise<Experiment | undefined> {
  if (asked.act === "create") {
    const body = { name: asked.name };
    return (await api.post("/api/v1/experiments", { body })) as Experiment;
  }
  const path = { id: asked.id };
  if (asked.act === "delete") {
    await api.delete("/api/v1/experiments/{id}", { path });
    return undefined;
  }
  const body =
    asked.act === "rename"
      ? { name: asked.name }
      : asked.act === "restore"
        ? { lifecycle: "active" as const }
        : { tags: { [DESCRIPTION]: asked.text || null } };
  await api.patch("/api/v1/experiments/{id}", { path, body });
  return undefined;
}

/** Makes, renames, describes, deletes or restores an experiment. */
export function useExperimentAct() {
  const client = useQueryClient();
  return useMutation({ mutationFn: perform, onSuccess: () => renewed(client) });
}

function renewed(client: QueryClient): void {
  for (const name of ["experiments", "experiment", "runs"])
    void client.invalidateQueries({ queryKey: [name] });
}
