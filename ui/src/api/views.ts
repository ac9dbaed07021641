/** Saved views of tables of runs: the state of the page under a name, for everybody. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, type Schemas } from "./client";

export type ViewHead = Schemas["ViewHead"];
const KIND = "runs";

/** The views of an experiment, or of the table of all runs. */
export function useSavedViews(experiment: number | undefined) {
  return useQuery({
    queryKey: ["views", experiment ?? null],
    queryFn: async ({ signal }) => {
      const query = { kind: KIND, experiment_id: experiment };
      const { views } = await api.get("/api/v1/views", { query, signal });
      return views.filter(view => (view.experiment_id ?? undefined) === experiment);
    },
  });
}

/** A view with the address that it keeps. */
export function useSavedView(id: string) {
  return useQuery({
    queryKey: ["view", id],
    queryFn: ({ signal }) => api.get("/api/v1/views/{id}", { path: { id }, signal }),
    enabled: id !== "",
  });
}

export type ViewAct =
  | { act: "save"; name: string; search: string; experiment: number | undefined }
  | { act: "update"; view: ViewHead; search: string }
  | { act: "rename"; view: ViewHead; name: string }
  | { act: "delete"; view: ViewHead };

async function perform(asked: ViewAct): Promise<ViewHead | null> {
  if (asked.act === "save") {
    const body = {
      kind: KIND,
      name: asked.name,
      document: documentOf(asked.search),
      experiment_id: asked.experiment,
    };
    return (await api.post("/api/v1/views", { body })) as ViewHead;
  }
  const path = { id: asked.view.id };
  if (asked.act === "delete") {
    await api.delete("/api/v1/views/{id}", { path });
    return null;
  }
  const change = asked.act === "rename" ? { name: asked.name } : { document: documentOf(asked.search) };
  const body = { revision: asked.view.revision, ...change } as Schemas["ViewChange"];
  return (await api.patch("/api/v1/views/{id}", { path, body })) as ViewHead;
}

/** A view keeps the address as it is written, so that what is added to it later needs no other form. */
function documentOf(search: string): Schemas["NewView"]["document"] {
  return { search } as unknown as Schemas["NewView"]["document"];
}

/** The address that a view keeps. */
export function searchOf(view: Schemas["View"]): string {
  const { search } = view.document as unknown as { search?: unknown };
  return typeof search === "string" ? search : "";
}

/** Saves, updates, renames or deletes a view. */
export function useViewAct() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: perform,
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["views"] });
      void client.invalidateQueries({ queryKey: ["view"] });
    },
  });
}
