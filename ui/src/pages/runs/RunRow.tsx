import { memo, useState } from "react";
import { Link } from "wouter";
import { Icon } from "../../components/Icon";
import { colourVariable, type Look } from "../../lib/colours";
import type { Run } from "../../lib/fields";
import type { Column } from "../../lib/tableColumns";
import { Cell, isNumber } from "./Cell";
import { NameEditor } from "./NameEditor";
import { RunMenu } from "./RunMenu";

/** A column and where it stands. */
export interface Placed {
  column: Column;
  start: number;
}

interface Props {
  run: Run;
  index: number;
  top: number;
  pinned: readonly Column[];
  loose: readonly Placed[];
  selected: boolean;
  active: boolean;
  /** Null: it is not drawn in the charts. */
  look: Look | null;
  editing: boolean;
  nowUs: number;
  experiments?: ReadonlyMap<number, string>;
  acts: RowActs;
}

export interface RowActs {
  select: (index: number, range: boolean) => void;
  draw: (id: string) => void;
  activate: (index: number) => void;
  edit: (id: string | null) => void;
}

/** A run as a row. What does not change is not drawn anew. */
export const RunRow = memo(function RunRow(props: Props) {
  const { run, index, top, pinned, loose, selected, active, look, editing, nowUs, experiments, acts } = props;
  const [met, setMet] = useState(false); // its menu is made when somebody comes near: a scroll makes many rows
  const names = [
    "grid-row",
    selected && "selected",
    active && "active",
    run.lifecycle === "deleted" && "gone",
  ];
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys
    <div
      role="row"
      id={`row-${run.id}`}
      aria-rowindex={index + 2}
      aria-selected={selected}
      tabIndex={-1}
      className={names.filter(Boolean).join(" ")}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => acts.activate(index)}
      onPointerEnter={() => setMet(true)}
    >
      <div className="grid-pinned" role="presentation">
        <div role="gridcell" className="run-marks">
          <input
            type="checkbox"
            tabIndex={-1}
            checked={selected}
            aria-label={`Select ${run.name}`}
            onChange={() => {}}
            onClick={event => {
              event.stopPropagation();
              acts.select(index, event.shiftKey);
            }}
          />
          <button
            type="button"
            tabIndex={-1}
            className="run-eye"
            aria-pressed={look !== null}
            aria-label={`${look ? "Take out of" : "Draw in"} the charts: ${run.name}`}
            title={look ? "Take out of the charts" : "Draw in the charts"}
            onClick={event => {
              event.stopPropagation();
              acts.draw(run.id);
            }}
          >
            {look ? (
              <span className="run-colour" style={{ background: colourVariable(look) }} />
            ) : (
              <Icon name="eyeOff" size={14} />
            )}
          </button>
        </div>
        {pinned.map(one => (
          <div
            key={one.text}
            role="gridcell"
            className={isNumber(one.field) ? "grid-cell number" : "grid-cell"}
            style={{ width: one.width }}
          >
            {one.text === "name" ? (
              <Name run={run} menu={met || active} editing={editing} edit={acts.edit} />
            ) : (
              <Cell run={run} field={one.field} nowUs={nowUs} experiments={experiments} />
            )}
          </div>
        ))}
      </div>
      {loose.map(({ column: one, start }) => (
        <div
          key={one.text}
          role="gridcell"
          className={isNumber(one.field) ? "grid-cell loose number" : "grid-cell loose"}
          style={{ left: start, width: one.width }}
        >
          {one.text === "name" ? (
            <Name run={run} menu={met || active} editing={editing} edit={acts.edit} />
          ) : (
            <Cell run={run} field={one.field} nowUs={nowUs} experiments={experiments} />
          )}
        </div>
      ))}
    </div>
  );
});

interface NameProps {
  run: Run;
  menu: boolean;
  editing: boolean;
  edit: RowActs["edit"];
}

function Name({ run, menu, editing, edit }: NameProps) {
  if (editing) return <NameEditor run={run} done={() => edit(null)} />;
  return (
    <>
      <Link to={`/runs/${run.id}`} tabIndex={-1} className="run-name truncate" title={run.name}>
        {run.name || run.id}
      </Link>
      {menu && <RunMenu run={run} rename={() => edit(run.id)} />}
    </>
  );
}
