/** Whether the palette or the sheet of keys is open; anything may open them. */
import { useSyncExternalStore } from "react";

export type Overlay = "none" | "palette" | "keys";

let open: Overlay = "none";
const watchers = new Set<() => void>();

export function show(overlay: Overlay): void {
  open = overlay;
  for (const watcher of watchers) watcher();
}

export const openPalette = () => show("palette");

export function useOverlay(): Overlay {
  return useSyncExternalStore(
    watcher => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => open,
  );
}
