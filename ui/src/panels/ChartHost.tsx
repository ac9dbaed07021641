import type { RefObject } from "react";

/** Where a chart draws. It has the focus as one thing; keys go to the chart. */
export function ChartHost({ host, label }: { host: RefObject<HTMLDivElement | null>; label: string }) {
  return (
    <div
      className="chart"
      ref={host}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: arrows move through the chart
      tabIndex={0}
      role="application"
      aria-roledescription="chart"
      aria-label={label}
    />
  );
}
