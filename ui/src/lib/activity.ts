/** What goes on in an experiment, in words. */
import { formatAge, formatCount } from "./format";

export interface Activity {
  runs: number;
  running: number;
  lost: number;
  last_us: number | null;
  by_day: readonly number[];
}

function counted(count: number): string {
  return `${formatCount(count)} ${count === 1 ? "run" : "runs"}`;
}

/** 12 runs · 1 running · 5 min ago */
export function activityText({ runs, running, lost, last_us }: Activity, nowUs: number): string {
  const parts = [counted(runs)];
  if (running) parts.push(`${formatCount(running)} running`);
  if (lost) parts.push(`${formatCount(lost)} lost`);
  if (last_us !== null) parts.push(formatAge(last_us, nowUs));
  return parts.join(" · ");
}

/** What a sparkline says to those who do not see it. */
export function activityLabel({ by_day }: Activity): string {
  const begun = by_day.reduce((sum, count) => sum + count, 0);
  return `${counted(begun)} begun in the last ${by_day.length} days`;
}
