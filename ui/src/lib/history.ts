/** Undoing what changed a view: each change is an entry of the browser's history that says it is one. */

const MARK = "view";
let undone = 0;

/** What `navigate` is given as state, so that the change can be undone. */
export const undoable = { [MARK]: true };

/** To be called when a view is changed: there is nothing left to do again. */
export function changed(): void {
  undone = 0;
}

/** The view is as it was before its last change. False if there was none. */
export function undo(): boolean {
  if (!(history.state as Record<string, unknown> | null)?.[MARK]) return false;
  undone++;
  history.back();
  return true;
}

/** What was undone last is done again. False if nothing was. */
export function redo(): boolean {
  if (undone === 0) return false;
  undone--;
  history.forward();
  return true;
}
