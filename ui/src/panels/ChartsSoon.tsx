import { soon } from "../components/soon";

const AT_LEISURE_MS = 500;

/** Charts: their program is large, and comes when it is first needed. */
export const ChartsSoon = soon(() => import("./Charts"));

/** A page that may show charts fetches them at leisure. */
export function chartsAtLeisure(): void {
  setTimeout(ChartsSoon.ahead, AT_LEISURE_MS);
}
