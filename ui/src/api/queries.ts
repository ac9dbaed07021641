/** The one query client. */
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "./client";

/** Only what may pass by itself is asked for again. */
function again(failures: number, error: Error): boolean {
  return failures < 2 && error instanceof ApiError && (error.status === 0 || error.status === 503);
}

let leaving = false;

/** Whoever is nobody any more logs in, and comes back to where he was. */
function onError(error: Error): void {
  if (leaving || !(error instanceof ApiError) || error.status !== 401) return;
  leaving = true;
  location.assign(`/login?${new URLSearchParams({ next: location.pathname + location.search })}`);
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: { staleTime: 5_000, gcTime: 300_000, retry: again, refetchOnWindowFocus: true },
  },
});
