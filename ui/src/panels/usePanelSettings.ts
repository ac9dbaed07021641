import { useCallback, useMemo } from "react";
import { useSearchParams } from "wouter";
import { undoable } from "../lib/history";
import { decodeSettings, encodeSettings, type PanelSettings } from "../lib/settings";

type Change = (settings: PanelSettings, how?: "push" | "replace") => void;

/** The settings of panels as the address has them; a change is a step that one can go back, unless told otherwise. */
export function usePanelSettings(name = "panels"): [PanelSettings, Change] {
  const [asked, setAsked] = useSearchParams();
  const text = asked.get(name);
  const settings = useMemo(() => decodeSettings(text), [text]);
  const change = useCallback<Change>(
    (next, how = "push") =>
      setAsked(
        before => {
          const params = new URLSearchParams(before);
          const written = encodeSettings(next);
          if (written) params.set(name, written);
          else params.delete(name);
          return params;
        },
        how === "replace" ? { replace: true, state: history.state } : { state: undoable },
      ),
    [setAsked, name],
  );
  return [settings, change];
}
