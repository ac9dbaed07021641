/** The keys of the UI: what each does, and which act a pressed key means. */

export interface Shortcut {
  keys: string;
  does: string;
}

export const SHORTCUTS: readonly { where: string; keys: readonly Shortcut[] }[] = [
  {
    where: "Everywhere",
    keys: [
      { keys: "Ctrl K", does: "Search everything, and do anything" },
      { keys: "?", does: "Show these keys" },
      { keys: "g h", does: "Go home" },
      { keys: "g e", does: "Go to the experiments" },
      { keys: "g r", does: "Go to the runs" },
      { keys: "g c", does: "Go to the comparison" },
      { keys: "t", does: "Change the theme" },
      { keys: "[", does: "Fold the sidebar, or widen it" },
      { keys: "Ctrl Z", does: "Undo the last change of the view" },
      { keys: "Ctrl Shift Z", does: "Do it again" },
    ],
  },
  {
    where: "Runs",
    keys: [
      { keys: "/", does: "Go to the filter" },
      { keys: "↑ ↓", does: "Go from run to run" },
      { keys: "← →", does: "Scroll to other columns" },
      { keys: "Enter", does: "Open the run" },
      { keys: "x or Space", does: "Select the run; with Shift, all from the last one selected" },
      { keys: "v", does: "Draw the run in the charts, or take it out" },
      { keys: "e or F2", does: "Rename the run" },
    ],
  },
  {
    where: "Charts of lines",
    keys: [
      { keys: "← →", does: "Move the cursor; with Shift by tenths" },
      { keys: "+ -", does: "Zoom in and out" },
      { keys: "0", does: "Show all" },
      { keys: "c", does: "Comment on the step and the line under the cursor" },
    ],
  },
];

export type Act =
  | "palette"
  | "keys"
  | "home"
  | "experiments"
  | "runs"
  | "compare"
  | "theme"
  | "fold"
  | "undo"
  | "redo"
  | "filter";

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

const PLAIN: Record<string, Act> = { "?": "keys", t: "theme", "[": "fold", "/": "filter" };
const AFTER_G: Record<string, Act> = { h: "home", e: "experiments", r: "runs", c: "compare" };
const PAUSE_MS = 1_200;

/** Knows what was pressed before: `g` waits for a second key. */
export class Keys {
  private begunMs = Number.NEGATIVE_INFINITY;

  /** The act that the key means; null: none. `typing`: the focus is in a field. */
  press(pressed: Pressed, typing: boolean, nowMs: number): Act | null {
    const key = pressed.key.toLowerCase();
    if (pressed.ctrlKey || pressed.metaKey) {
      if (pressed.altKey) return null;
      if (key === "k") return "palette";
      if (key === "z" && !typing) return pressed.shiftKey ? "redo" : "undo";
      if (key === "y" && !typing) return "redo";
      return null;
    }
    if (typing || pressed.altKey) return null;
    const begun = nowMs - this.begunMs < PAUSE_MS;
    this.begunMs = key === "g" && !begun ? nowMs : Number.NEGATIVE_INFINITY;
    if (begun) return AFTER_G[key] ?? null;
    return PLAIN[pressed.key] ?? null;
  }
}
