/** Comments on a run, on one of its metrics or on a step of that. */

import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { api, type Schemas } from "./client";
import { useChanges } from "./live";
import { runKey } from "./run";

export type Comment = Schemas["Comment"];

export interface Said {
  text: string;
  key?: string;
  step?: number;
}

const MOST = 1_000;
const PAGE = 500;
const TOGETHER = 100; // runs in one request: their ids fit into an address
const REST_MS = 5_000;
const NONE: Comment[] = [];

/** The comments of runs, the newest first. */
async function commentsOf(run: readonly string[], signal: AbortSignal): Promise<Comment[]> {
  const comments: Comment[] = [];
  let page_token: string | null = null;
  do {
    const query = { run, limit: PAGE, page_token };
    const found: Schemas["Comments"] = await api.get("/api/v1/comments", { query, signal });
    comments.push(...found.comments);
    page_token = found.next_page_token;
  } while (page_token && comments.length < MOST);
  return comments;
}

/** The comments of a run, the oldest first. */
export function useComments(id: string) {
  return useQuery({
    queryKey: runKey(id, "comments"),
    queryFn: async ({ signal }) => (await commentsOf([id], signal)).reverse(),
  });
}

/** The comments of the first of these runs; none until they have come. They follow what happens, at some distance. */
export function useCommentsOf(runs: readonly string[]): readonly Comment[] {
  const queries = useQueryClient();
  const asked = useMemo(() => runs.slice(0, TOGETHER).sort(), [runs]);
  const rest = useRef(0);
  const { data = NONE } = useQuery({
    queryKey: ["comments", asked],
    queryFn: ({ signal }) => commentsOf(asked, signal),
    enabled: asked.length > 0,
    placeholderData: keepPreviousData,
  });
  useChanges(({ all, runs: changed }) => {
    // A run that is logged to changes all the time, of which its comments know nothing.
    if (rest.current || !(all || asked.some(run => changed.has(run)))) return;
    rest.current = window.setTimeout(() => {
      rest.current = 0;
      void queries.invalidateQueries({ queryKey: ["comments"] });
    }, REST_MS);
  });
  useEffect(() => () => clearTimeout(rest.current), []);
  return data;
}

/** Adds, edits and removes comments of a run. */
export function useCommenting(id: string) {
  const queries = useQueryClient();
  const onSuccess = async () => {
    void queries.invalidateQueries({ queryKey: ["comments"] });
    await queries.invalidateQueries({ queryKey: runKey(id, "comments") });
  };
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
