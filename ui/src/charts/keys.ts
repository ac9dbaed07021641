/** What a key means on a line chart: arrows move the cursor, with Shift by tenths; + and - zoom around it, 0 shows all. */

export type Wish =
  | { kind: "move"; at: number }
  | { kind: "zoom"; from: number; to: number }
  | { kind: "all" }
  | { kind: "leave" };

/** Whether a key asks for a comment: `c`, unless it meant something else already, or somebody types. */
export function wantsComment(event: KeyboardEvent): boolean {
  const { target } = event;
  const typing =
    target instanceof Element && target.matches("input, textarea, select, [contenteditable=true]");
  const held = event.ctrlKey || event.metaKey || event.altKey;
  return event.key === "c" && !held && !typing && !event.defaultPrevented;
}

/** The wish of a key, or null if it is none of ours; `at` is the cursor in pixels of a chart so wide. */
export function wishOf(event: KeyboardEvent, at: number, width: number): Wish | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const step = event.shiftKey ? width / 10 : 1;
  const move = (to: number): Wish => ({ kind: "move", at: Math.max(0, Math.min(width, to)) });
  switch (event.key) {
    case "ArrowLeft":
      return move(at - step);
    case "ArrowRight":
      return move(at + step);
    case "Home":
      return move(0);
    case "End":
      return move(width);
    case "+":
    case "=":
      return { kind: "zoom", from: Math.max(0, at - width / 4), to: Math.min(width, at + width / 4) };
    case "-":
      return { kind: "zoom", from: -width / 2, to: width * 1.5 };
    case "0":
      return { kind: "all" };
    case "Escape":
      return { kind: "leave" };
    default:
      return null;
  }
}
