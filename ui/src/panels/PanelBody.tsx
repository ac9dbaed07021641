import type { Panel } from "../lib/settings";
import { HeatPanel } from "./HeatPanel";
import { LinePanel } from "./LinePanel";
import { RowsPanel } from "./RowsPanel";

/** A panel of its kind. */
export function PanelBody(props: { panel: Panel; title: string; large?: boolean }) {
  const { kind } = props.panel;
  if (kind === "line") return <LinePanel {...props} />;
  if (kind === "heatmap") return <HeatPanel {...props} />;
  return <RowsPanel key={kind} {...props} />;
}
