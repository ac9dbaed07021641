import { type RefObject, useEffect, useRef } from "react";

/** What was asked for by a press has the focus when it appears. */
export function useFocus<T extends HTMLElement>(): RefObject<T | null> {
  const ref = useRef<T>(null);
  useEffect(() => ref.current?.focus(), []);
  return ref;
}
