import { Button } from "../../components/Button";
import type { Mode } from "../../lib/viewState";

const MODES: readonly [Mode, string][] = [
  ["table", "Table"],
  ["split", "Both"],
  ["charts", "Charts"],
];

/** Whether the table is shown, the charts, or both beside each other. */
export function ModeSwitch({ mode, onMode }: { mode: Mode; onMode: (mode: Mode) => void }) {
  return (
    <fieldset className="toolbar-modes">
      <legend className="visually-hidden">What is shown</legend>
      {MODES.map(([one, name]) => (
        <Button key={one} kind="quiet" pressed={mode === one} onClick={() => onMode(one)}>
          {name}
        </Button>
      ))}
    </fieldset>
  );
}
