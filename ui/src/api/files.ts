/** Files of runs: folders, the beginning of a file, and where a browser may show one. */

import { useQuery } from "@tanstack/react-query";
import { encodePath } from "../lib/media";
import { api, type Schemas, send } from "./client";
import { runKey } from "./run";

export type Entry = Schemas["Entry"];

/** Where a browser shows the file, within what does no harm. */
export const rawUrl = (id: string, path: string) =>
  `/api/v1/runs/${encodeURIComponent(id)}/raw/${encodePath(path)}`;

/** Where a browser saves the file. */
export const fileUrl = (id: string, path: string) =>
  `/api/v1/runs/${encodeURIComponent(id)}/files/${encodePath(path)}`;

/** What lies in a folder: folders first. */
export function useFolder(id: string, path: string, enabled = true) {
  return useQuery({
    queryKey: runKey(id, "folder", path),
    queryFn: async ({ signal }) => {
      const found = await api.get("/api/v1/runs/{id}/files", { path: { id }, query: { path }, signal });
      return found.files.toSorted(
        (a, b) => Number(b.is_folder) - Number(a.is_folder) || a.path.localeCompare(b.path),
      );
    },
    enabled,
  });
}

const PAGE = 1_000;
const MOST = 20_000;

/** All files in whatever folder; of very many the first ones. */
export function useAllFiles(id: string, enabled = true) {
  return useQuery({
    queryKey: runKey(id, "files"),
    queryFn: async ({ signal }) => {
      const files: Entry[] = [];
      let page_token: string | null | undefined;
      do {
        const query = { all: true, limit: PAGE, page_token };
        const found = await api.get("/api/v1/runs/{id}/files", { path: { id }, query, signal });
        files.push(...found.files);
        page_token = found.next_page_token;
      } while (page_token && files.length < MOST);
      return { files, whole: !page_token };
    },
    enabled,
  });
}

/** The beginning of a file as text; `size` is that of the whole. */
export interface Beginning {
  text: string;
  size: number;
  whole: boolean;
}

export async function readBeginning(url: string, most: number, signal?: AbortSignal): Promise<Beginning> {
  const answer = await send("GET", url, { headers: { Range: `bytes=0-${most - 1}` }, signal });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const told = /\/(\d+)$/.exec(answer.headers.get("Content-Range") ?? "");
  const size = told ? Number(told[1]) : bytes.length;
  const whole = bytes.length >= size;
  // A character that was cut in two at the end is left out, not shown as a replacement.
  return { text: new TextDecoder().decode(bytes, { stream: !whole }), size, whole };
}

/** The beginning of a file as text. It stays as it was read until it is asked for again. */
export function useBeginning(id: string, path: string, most: number, enabled = true) {
  return useQuery({
    queryKey: runKey(id, "beginning", path, most),
    queryFn: async ({ signal }) => {
      try {
        return await readBeginning(rawUrl(id, path), most, signal);
      } catch (error) {
        if ((error as { status?: number }).status === 416) return { text: "", size: 0, whole: true }; // it is empty
        throw error;
      }
    },
    meta: { still: true },
    enabled,
  });
}

/** The first rows of a table, as the server reads them. */
export function useTable(id: string, path: string, rows: number, enabled = true) {
  return useQuery({
    queryKey: runKey(id, "table", path, rows),
    queryFn: ({ signal }) =>
      api.get("/api/v1/runs/{id}/tables/{path}", { path: { id, path }, query: { limit: rows }, signal }),
    meta: { still: true },
    enabled,
  });
}
