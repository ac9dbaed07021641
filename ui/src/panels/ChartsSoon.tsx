import { useEffect, useState } from "react";
import { Failure, Loading } from "../components/states";
import type Charts from "./Charts";

type Component = typeof Charts;

const AT_LEISURE_MS = 500;
let loaded: Component | null = null;

/** The charts' own program is fetched, if it is not there yet. */
export async function loadCharts(): Promise<void> {
  loaded = (await import("./Charts")).default;
}

/** A page that may show charts fetches them at leisure. */
export function chartsAtLeisure(): void {
  setTimeout(() => void loadCharts().catch(() => undefined), AT_LEISURE_MS);
}

/** Charts, fetched when they are first needed. Not by `lazy`, which shows what has come only after 300 ms. */
export function ChartsSoon(props: Parameters<Component>[0]) {
  const [, again] = useState(0);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    if (!loaded && error === null) void loadCharts().then(() => again(n => n + 1), setError);
  }, [error]);
  if (error !== null) return <Failure error={error} retry={() => setError(null)} />;
  const Loaded = loaded;
  return Loaded ? <Loaded {...props} /> : <Loading />;
}
