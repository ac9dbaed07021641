import { useEffect, useState } from "react";

const EVERY_MS = 1_000;

/** The time in microseconds, once a second while something moves and the page is seen, else every minute. */
export function useNow(moving: boolean): number {
  const [now, setNow] = useState(() => Date.now() * 1_000);
  useEffect(() => {
    const timer = setInterval(
      () => document.hidden || setNow(Date.now() * 1_000),
      moving ? EVERY_MS : 60 * EVERY_MS,
    );
    return () => clearInterval(timer);
  }, [moving]);
  return now;
}
