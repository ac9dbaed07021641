import { useSyncExternalStore } from "react";
import { NOTHING } from "../charts/focus";
import { colourVariable, type Look } from "../lib/colours";
import { useGrid } from "./grid";

const SHOWN = { small: 4, large: 40 };

interface Props {
  traces: readonly { id: string; run: string | null; label: string; look: Look }[];
  large?: boolean;
}

/** Which line is which; to point at a name is to point at its line, in all panels. */
export function Legend({ traces, large }: Props) {
  const { focus, pick } = useGrid();
  const pointed = useSyncExternalStore(
    heard => focus.listen(heard),
    () => focus.pointed.id,
  );
  const shown = large ? SHOWN.large : SHOWN.small;
  if (!traces.length) return <div className="legend" />; // its place is kept: a chart that changes its size is drawn twice
  return (
    <ul className="legend" aria-label="Lines">
      {traces.slice(0, shown).map(({ id, run, label, look }) => (
        <li key={id}>
          <button
            type="button"
            className={pointed !== null && pointed === id ? "legend-entry pointed" : "legend-entry"}
            title={label}
            onMouseEnter={() => focus.point({ id, run }, null)}
            onMouseLeave={() => focus.point(NOTHING, null)}
            onFocus={() => focus.point({ id, run }, null)}
            onBlur={() => focus.point(NOTHING, null)}
            onClick={() => run && pick?.(run)}
          >
            <span
              className={look.dash ? "chart-key chart-key-dashed" : "chart-key"}
              style={{ "--ink": colourVariable(look) } as React.CSSProperties}
            />
            <span className="truncate">{label}</span>
          </button>
        </li>
      ))}
      {traces.length > shown && <li className="muted legend-more">+{traces.length - shown}</li>}
    </ul>
  );
}
