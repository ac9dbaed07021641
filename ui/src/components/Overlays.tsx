import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { redo, undo } from "../lib/history";
import { type Act, Keys } from "../lib/shortcuts";
import { chooseTheme, isDark } from "../lib/theme";
import { show, useOverlay } from "./palette";
import { soon } from "./soon";

const Palette = soon(
  () => import("./Palette"),
  () => null,
);
const KeySheet = soon(
  () => import("./KeySheet"),
  () => null,
);
const WHERE: Partial<Record<Act, string>> = {
  home: "/",
  experiments: "/experiments",
  runs: "/runs",
  compare: "/compare",
};

function isTyping(target: EventTarget | null): boolean {
  const element = target instanceof HTMLElement ? target : null;
  if (element instanceof HTMLInputElement)
    return !["checkbox", "radio", "button", "range"].includes(element.type);
  return Boolean(element?.matches("textarea, select, [contenteditable=true]"));
}

/** The keys of all pages, the palette and the sheet of keys. */
export function Overlays({ fold }: { fold: () => void }) {
  const overlay = useOverlay();
  const [, navigate] = useLocation();
  const [keys] = useState(() => new Keys());
  useEffect(() => {
    const perform = (act: Act): boolean => {
      const to = WHERE[act];
      if (to) navigate(to);
      else if (act === "palette" || act === "keys") show(act);
      else if (act === "theme") chooseTheme(isDark() ? "light" : "dark");
      else if (act === "fold") fold();
      else if (act === "undo") return undo();
      else if (act === "redo") return redo();
      else if (act === "filter") {
        const field = document.querySelector<HTMLElement>("[data-filter]");
        field?.focus();
        return field !== null;
      }
      return true;
    };
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const act = keys.press(event, isTyping(event.target), performance.now());
      if (!act) return;
      if (document.querySelector("dialog[open]") && act !== "palette") return;
      if (perform(act)) event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [keys, navigate, fold]);
  const close = () => show("none");
  return (
    <>
      {overlay === "palette" && <Palette close={close} />}
      {overlay === "keys" && <KeySheet close={close} />}
    </>
  );
}
