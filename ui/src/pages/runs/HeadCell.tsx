import { type PointerEvent, useRef } from "react";
import { Icon } from "../../components/Icon";
import { Menu, type MenuItem } from "../../components/Menu";
import { type Aggregate, fieldText, fieldTitle, isAsked } from "../../lib/fields";
import { type Column, column, WIDTHS } from "../../lib/tableColumns";
import { readSort } from "../../lib/viewState";
import { isNumber } from "./Cell";

export interface HeadActs {
  sort: (text: string, numeric: boolean, added: boolean) => void;
  setOrder: (order: string[]) => void;
  change: (text: string, change: Partial<Column> | null) => void;
  replace: (text: string, by: Column) => void;
  move: (text: string, before: string | null) => void;
  group: (text: string) => void;
}

interface Props {
  column: Column;
  columns: readonly Column[];
  order: readonly string[];
  acts: HeadActs;
}

const DRAGGED = "application/x-assay-column";
const AGGREGATES: readonly Aggregate[] = ["last", "min", "max"];

/** The head of a column: a click sorts, dragging it moves it, its edge makes it wider, its menu does all of that too. */
export function HeadCell({ column: mine, columns, order, acts }: Props) {
  const keys = order.map(readSort);
  const at = keys.findIndex(key => key.field === mine.text);
  const sorted = keys[at];
  const numeric = isNumber(mine.field) || /_time$/.test(mine.text);
  const title = fieldTitle(mine.field);
  const asked = isAsked(mine.field);
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the menu moves it by keyboard */}
      <div
        className={isNumber(mine.field) ? "head-cell number" : "head-cell"}
        draggable
        onDragStart={event => {
          event.dataTransfer.setData(DRAGGED, mine.text);
          event.dataTransfer.effectAllowed = "move";
        }}
        onDragOver={event => event.dataTransfer.types.includes(DRAGGED) && event.preventDefault()}
        onDrop={event => acts.move(event.dataTransfer.getData(DRAGGED), mine.text)}
      >
        <button
          type="button"
          className="head-sort truncate"
          disabled={!asked}
          title={asked ? `Sort by ${mine.text}` : title}
          onClick={event => acts.sort(mine.text, numeric, event.shiftKey)}
        >
          {title}
        </button>
        {sorted && (
          <span className="head-order">
            <Icon name={sorted.descending ? "sortDown" : "sortUp"} size={12} />
            {keys.length > 1 && at + 1}
          </span>
        )}
        <Menu
          button={<Icon name="more" size={14} />}
          label={`Column ${title}`}
          icon
          className="head-menu"
          items={() => menuOf(mine, columns, asked, acts)}
        />
      </div>
      <Edge column={mine} change={acts.change} />
    </>
  );
}

function menuOf(
  mine: Column,
  columns: readonly Column[],
  asked: boolean,
  acts: HeadActs,
): (MenuItem | null)[] {
  const at = columns.findIndex(one => one.text === mine.text);
  const { field } = mine;
  const aggregates: (MenuItem | null)[] =
    field.kind === "metric"
      ? [
          null,
          ...AGGREGATES.map(aggregate => ({
            label: `Show the ${aggregate === "last" ? "last value" : aggregate === "min" ? "minimum" : "maximum"}`,
            checked: field.aggregate === aggregate,
            act: () => {
              const by = column(fieldText({ ...field, aggregate }), mine.pinned);
              if (by) acts.replace(mine.text, by);
            },
          })),
        ]
      : [];
  return [
    { label: "Sort ascending", disabled: !asked, act: () => acts.setOrder([`${mine.text} ASC`]) },
    { label: "Sort descending", disabled: !asked, act: () => acts.setOrder([`${mine.text} DESC`]) },
    ...(field.kind === "param" || field.kind === "tag"
      ? [{ label: "Group by this", act: () => acts.group(mine.text) }]
      : []),
    ...aggregates,
    null,
    {
      label: mine.pinned ? "Unpin" : "Pin to the left",
      act: () => acts.change(mine.text, { pinned: !mine.pinned }),
    },
    {
      label: "Move left",
      disabled: at <= 0,
      act: () => acts.move(mine.text, columns[at - 1]?.text ?? null),
    },
    {
      label: "Move right",
      disabled: at >= columns.length - 1,
      act: () => acts.move(mine.text, columns[at + 2]?.text ?? null),
    },
    { label: "Wider", act: () => acts.change(mine.text, { width: mine.width + 40 }) },
    { label: "Narrower", act: () => acts.change(mine.text, { width: mine.width - 40 }) },
    null,
    { label: "Hide", disabled: mine.text === "name", act: () => acts.change(mine.text, null) },
  ];
}

/** The right edge of a head, which is dragged. */
function Edge({ column: mine, change }: { column: Column; change: HeadActs["change"] }) {
  const from = useRef<{ x: number; width: number } | null>(null);
  const widthAt = (event: PointerEvent) =>
    from.current
      ? Math.min(WIDTHS.most, Math.max(WIDTHS.least, from.current.width + event.clientX - from.current.x))
      : mine.width;
  return (
    <div
      className="head-edge"
      aria-hidden="true"
      onMouseDown={event => event.preventDefault()} // the browser would begin to drag what is beneath
      onPointerDown={event => {
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = { x: event.clientX, width: mine.width };
      }}
      onPointerMove={event => {
        const cell = event.currentTarget.parentElement;
        if (from.current && cell) cell.style.width = `${widthAt(event)}px`;
      }}
      onPointerCancel={() => {
        from.current = null;
      }}
      onPointerUp={event => {
        if (from.current) change(mine.text, { width: widthAt(event) });
        from.current = null;
      }}
    />
  );
}
