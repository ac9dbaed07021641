/** Comments on a run, on one of its metrics or on a step of that. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, type Schemas } from "./client";
import { runKey } from "./run";

export type Comment = Schemas["Comment"];

export interface Said {
  text: string;
  key?: string;
  step?: number;
}

const MOST = 1_000;

/** The comments of a run, the oldest first. */
export function useComments(id: string) {
  return useQuery({
    queryKey: runKey(id, "comments"),
    queryFn: async ({ signal }) => {
      const comments: Comment[] = [];
      let page_token: string | null = null;
      do {
        const found: Schemas["Comments"] = await api.get("/api/v1/comments", {
          query: { run: [id], page_token },
          signal,
        });
        comments.push(...found.comments);
        page_token = found.next_page_token;
      } while (page_token && comments.length < MOST);
      return comments.reverse();
    },
  });
}

/** Adds, edits and removes comments of a run. */
export function useCommenting(id: string) {
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: runKey(id, "comments") });
  const add = useMutation({
    mutationFn: (said: Said) =>
      api.post("/api/v1/runs/{id}/comments", { path: { id }, body: said as Schemas["Said"] }),
    onSuccess,
  });
  const edit = useMutation({
    mutationFn: (of: { id: string; text: string }) =>
      api.patch("/api/v1/comments/{id}", { path: { id: of.id }, body: { text: of.text } }),
    onSuccess,
  });
  const remove = useMutation({
    mutationFn: (comment: string) => api.delete("/api/v1/comments/{id}", { path: { id: comment } }),
    onSuccess,
  });
  return { add, edit, remove };
}
