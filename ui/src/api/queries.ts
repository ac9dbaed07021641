/** The one query client. */
import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./client";

/** Only what may pass by itself is asked for again. */
function again(failures: number, error: Error): boolean {
  return failures < 2 && error instanceof ApiError && (error.status === 0 || error.status === 503);
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { staleTime: 5_000, gcTime: 300_000, retry: again, refetchOnWindowFocus: true },
  },
});
