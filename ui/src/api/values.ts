/** Logged values of runs: media, tables, histograms, texts; and what MLflow keeps as files that say key and step. */

import { useQueries } from "@tanstack/react-query";
import { type LoggedValue, mlflowImages } from "../lib/values";
import { api, type Schemas } from "./client";
import { runKey } from "./run";

const PAGE = 1_000;
const MOST = 20_000;

export interface RunValues {
  values: LoggedValue[];
  /** Whether these are all. */
  whole: boolean;
}

async function read(id: string, signal: AbortSignal): Promise<RunValues> {
  const values: LoggedValue[] = [];
  let page_token: string | null = null;
  do {
    const query = { limit: PAGE, page_token };
    const found: Schemas["FoundValues"] = await api.get("/api/v1/runs/{id}/values", {
      path: { id },
      query,
      signal,
    });
    for (const value of found.values) if (value.context?.summary !== "run") values.push(value as LoggedValue);
    page_token = found.next_page_token;
  } while (page_token && values.length < MOST);
  const files = await api.get("/api/v1/runs/{id}/files", { path: { id }, query: { path: "images" }, signal });
  return { values: [...values, ...mlflowImages(files.files.map(file => file.path))], whole: !page_token };
}

/** The values of each of the runs. */
export function useValues(ids: readonly string[]) {
  return useQueries({
    queries: ids.map(id => ({
      queryKey: runKey(id, "values"),
      queryFn: ({ signal }: { signal: AbortSignal }) => read(id, signal),
    })),
  });
}
