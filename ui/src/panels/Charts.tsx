import { PanelGrid, type PanelGridProps } from "./PanelGrid";
import { usePanelSettings } from "./usePanelSettings";

type Props = Omit<PanelGridProps, "settings" | "onSettings">;

/** Panels whose settings lie in the address of the page. Loaded when it is first needed: charts are heavy. */
export default function Charts(props: Props) {
  const [settings, change] = usePanelSettings();
  return <PanelGrid {...props} settings={settings} onSettings={change} />;
}
