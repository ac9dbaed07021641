import { useEffect, useState } from "react";

/** The time in microseconds, renewed every so often. */
export function useNowUs(everyMs: number): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowMs * 1_000;
}
