/** Puts a chart that knows no framework onto the page, and gives it what it is to draw. */

import { type RefObject, useEffect, useRef, useState } from "react";

interface Chart<D> {
  mount(host: HTMLElement): void;
  update(data: D): void;
  destroy(): void;
}

/** `make` is called once for as long as the component is there. */
export function useChart<D, C extends Chart<D>>(
  make: () => C,
  data: D | null,
): [RefObject<HTMLDivElement | null>, C | null] {
  const host = useRef<HTMLDivElement | null>(null);
  const [chart, setChart] = useState<C | null>(null);
  const first = useRef(make);
  useEffect(() => {
    if (!host.current) return;
    const made = first.current();
    made.mount(host.current);
    setChart(made);
    return () => {
      made.destroy();
      setChart(null);
    };
  }, []);
  useEffect(() => {
    if (chart && data) chart.update(data);
  }, [chart, data]);
  return [host, chart];
}

/** A function that is always the same and does what the newest one does. */
export function useSteady<A extends unknown[], R>(act: (...given: A) => R): (...given: A) => R {
  const newest = useRef(act);
  newest.current = act;
  const [steady] = useState(
    () =>
      (...given: A) =>
        newest.current(...given),
  );
  return steady;
}

/** How wide an element is, in steps, so that not each pixel counts. */
export function useWidth(host: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!host.current) return;
    const observer = new ResizeObserver(([entry]) =>
      setWidth(Math.ceil((entry?.contentRect.width ?? 0) / 50) * 50),
    );
    observer.observe(host.current);
    return () => observer.disconnect();
  }, [host]);
  return width;
}

/** Whether an element is in view, or nearly. */
export function useNear(host: RefObject<HTMLElement | null>): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    if (!host.current) return;
    // `scrollMargin` is for the part of the page that scrolls; TypeScript's library does not know it yet.
    const options = { rootMargin: "250px 0px", scrollMargin: "250px 0px" } as IntersectionObserverInit;
    const observer = new IntersectionObserver(([entry]) => setNear(entry?.isIntersecting ?? false), options);
    observer.observe(host.current);
    return () => observer.disconnect();
  }, [host]);
  return near;
}
