import { useEffect, useState } from "react";

export const DRAWN_MS = 100; // what has come is drawn before more is asked for

/** The value as it was before it last changed, until it has rested for so long. */
export function useLate<T>(value: T, pauseMs: number): T {
  const [late, setLate] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLate(value), pauseMs);
    return () => clearTimeout(timer);
  }, [value, pauseMs]);
  return late;
}
