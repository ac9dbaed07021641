import { useMemo } from "react";
import { colourVariable } from "../lib/colours";
import { runLooks } from "../lib/looks";

/** The colour that a run has in charts, among those that are shown with it. */
export function RunDot({ id, of }: { id: string; of: readonly { id: string }[] }) {
  const look = useMemo(() => runLooks(of.map(run => run.id)).get(id), [id, of]);
  if (look === undefined) return null;
  return (
    <svg width={10} height={10} viewBox="0 0 10 10" aria-hidden="true" style={{ flex: "none" }}>
      <circle cx={5} cy={5} r={4.5} style={{ fill: colourVariable(look) }} />
    </svg>
  );
}
