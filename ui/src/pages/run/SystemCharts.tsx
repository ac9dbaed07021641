import { useMemo } from "react";
import { useParam } from "../../components/useParam";
import { decodeSettings, encodeSettings, type PanelSettings, SETTINGS } from "../../lib/settings";
import { PanelGrid } from "../../panels/PanelGrid";

/** Samples of the machine are numbered, which tells nobody anything: they are drawn over time unless told otherwise. */
const OVER_TIME: PanelSettings = { ...SETTINGS, all: { ...SETTINGS.all, x: "relative_time" } };
/** What stands in the address where the settings are those that are left out elsewhere. */
const AS_USUAL = "{}";

const isSystem = (key: string) => key.startsWith("system/");

/** The charts of the machines that the runs ran on. */
export default function SystemCharts({ runs }: { runs: readonly string[] }) {
  const [text, setText] = useParam("system");
  const settings = useMemo(() => (text === "" ? OVER_TIME : decodeSettings(text)), [text]);
  return (
    <PanelGrid
      runs={runs}
      settings={settings}
      onSettings={(next, how) => setText(encodeSettings(next) || AS_USUAL, { replace: how !== "push" })}
      keep={isSystem}
    />
  );
}
