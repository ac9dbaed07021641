import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import type { Look } from "../../lib/colours";
import type { Run } from "../../lib/fields";
import type { Column } from "../../lib/tableColumns";
import { readSort } from "../../lib/viewState";
import { isNumber } from "./Cell";
import { type HeadActs, HeadCell } from "./HeadCell";
import { type RowActs, RunRow } from "./RunRow";
import "../../components/Grid.css";
import { DRAWN_MS } from "./useLate";
import "./RunsTable.css";

export interface TableProps {
  runs: readonly Run[];
  /** How many there are; those behind the loaded ones are asked for when they come into sight. */
  count: number;
  more: (() => void) | null;
  columns: readonly Column[];
  order: readonly string[];
  head: HeadActs;
  selected: ReadonlySet<string>;
  select: (index: number, range: boolean) => void;
  selectAll: () => void;
  looks: ReadonlyMap<string, Look>;
  draw: (id: string) => void;
  experiments?: ReadonlyMap<number, string>;
  nowUs: number;
  /** What the scroll begins at again: another question. */
  question: string;
}

const ROW = 30;
const HEAD = 34;
const MARKS = 64;
const AHEAD = 150; // rows
const ROWS_BOUND = 500_000; // browsers have no taller elements

/** The runs as a grid of which only what is seen is drawn. */
export function RunsTable(props: TableProps) {
  const { runs, more, columns, order, head, selected, looks, nowUs, experiments, question } = props;
  const frame = useRef<HTMLDivElement>(null);
  const count = Math.min(Math.max(props.count, runs.length), ROWS_BOUND);
  const [active, setActive] = useState(-1);
  const [editing, setEditing] = useState<string | null>(null);
  const [, navigate] = useLocation();

  const pinned = useMemo(() => columns.filter(one => one.pinned), [columns]);
  const loose = useMemo(() => columns.filter(one => !one.pinned), [columns]);
  const pinnedWidth = MARKS + pinned.reduce((sum, one) => sum + one.width, 0) + 1;
  const width = pinnedWidth + loose.reduce((sum, one) => sum + one.width, 0);

  const rows = useVirtualizer({
    count,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW,
    overscan: 6,
    scrollPaddingStart: HEAD,
    scrollPaddingEnd: ROW,
  });
  const across = useVirtualizer({
    horizontal: true,
    count: loose.length,
    getScrollElement: () => frame.current,
    estimateSize: at => loose[at]?.width ?? 0,
    paddingStart: pinnedWidth,
    scrollPaddingStart: pinnedWidth,
    overscan: 2,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the sizes are those of these columns
  useEffect(() => across.measure(), [across, loose, pinnedWidth]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another question begins at the top
  useEffect(() => {
    frame.current?.scrollTo({ top: 0 });
    setActive(-1);
  }, [question]);

  const seen = rows.getVirtualItems();
  const last = seen.at(-1)?.index ?? 0;
  const wanted = last >= runs.length ? "now" : last + AHEAD >= runs.length ? "soon" : "";
  useEffect(() => {
    if (!more || !wanted) return;
    const timer = setTimeout(more, wanted === "now" ? 0 : DRAWN_MS);
    return () => clearTimeout(timer);
  }, [more, wanted]);

  const shown = across.getVirtualItems();
  const first = shown[0]?.index ?? 0;
  const end = shown.at(-1)?.index ?? -1;
  const placed = useMemo(() => {
    let start = pinnedWidth + loose.slice(0, first).reduce((sum, one) => sum + one.width, 0);
    return loose.slice(first, end + 1).map(column => {
      const place = { column, start };
      start += column.width;
      return place;
    });
  }, [loose, first, end, pinnedWidth]);

  const latest = useRef(props);
  latest.current = props;
  const acts = useMemo<RowActs>(
    () => ({
      select: (index, range) => latest.current.select(index, range),
      draw: id => latest.current.draw(id),
      activate: setActive,
      edit: id => {
        setEditing(id);
        if (id === null) frame.current?.focus();
      },
    }),
    [],
  );
  const go = useCallback(
    (to: number) => {
      const next = Math.min(Math.max(0, to), count - 1);
      setActive(next);
      rows.scrollToIndex(next);
    },
    [count, rows],
  );

  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.target !== frame.current || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(((frame.current?.clientHeight ?? 0) - HEAD) / ROW) - 1);
    const to = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: count - 1,
    }[event.key];
    const run = runs[active];
    if (to !== undefined) go(to);
    else if (event.key === "ArrowLeft") frame.current?.scrollBy({ left: -120 });
    else if (event.key === "ArrowRight") frame.current?.scrollBy({ left: 120 });
    else if (!run) return;
    else if (event.key === "Enter") navigate(`/runs/${run.id}`);
    else if (event.key === " " || event.key === "x") props.select(active, event.shiftKey);
    else if (event.key === "v") props.draw(run.id);
    else if (event.key === "F2" || event.key === "e") setEditing(run.id);
    else return;
    event.preventDefault();
  };

  const sortOf = (text: string) => {
    const key = order.map(readSort).find(one => one.field === text);
    return key && (key.descending ? "descending" : "ascending");
  };
  const all = runs.length > 0 && runs.every(run => selected.has(run.id));
  return (
    <div
      ref={frame}
      role="grid"
      tabIndex={0}
      className="grid runs-table"
      aria-label="Runs"
      aria-rowcount={count + 1}
      aria-colcount={columns.length + 1}
      aria-multiselectable="true"
      aria-activedescendant={runs[active] ? `row-${runs[active].id}` : undefined}
      onKeyDown={onKeyDown}
    >
      <div className="grid-space" role="presentation" style={{ height: HEAD + rows.getTotalSize(), width }}>
        <div role="row" tabIndex={-1} aria-rowindex={1} className="grid-head" style={{ width: "100%" }}>
          <div className="grid-pinned" role="presentation">
            <div role="columnheader" tabIndex={-1} className="run-marks">
              <input
                type="checkbox"
                checked={all}
                aria-label="Select all that are loaded"
                title="Select all that are loaded"
                onChange={props.selectAll}
              />
              <span className="visually-hidden">Marks</span>
            </div>
            {pinned.map(one => (
              <div
                key={one.text}
                role="columnheader"
                tabIndex={-1}
                aria-sort={sortOf(one.text)}
                className="grid-cell head"
                style={{ width: one.width }}
              >
                <HeadCell column={one} columns={columns} order={order} acts={head} />
              </div>
            ))}
          </div>
          {placed.map(({ column, start }) => (
            <div
              key={column.text}
              role="columnheader"
              tabIndex={-1}
              aria-sort={sortOf(column.text)}
              className="grid-cell loose head"
              style={{ left: start, width: column.width }}
            >
              <HeadCell column={column} columns={columns} order={order} acts={head} />
            </div>
          ))}
        </div>
        {seen.map(({ index, start }) => {
          const run = runs[index];
          if (!run) return <Bones key={index} top={start} pinned={pinned} index={index} />;
          return (
            <RunRow
              key={run.id}
              run={run}
              index={index}
              top={start}
              pinned={pinned}
              loose={placed}
              selected={selected.has(run.id)}
              active={index === active}
              look={looks.get(run.id) ?? null}
              editing={editing === run.id}
              nowUs={run.status === "running" ? nowUs : nowUs - (nowUs % 60e6)}
              experiments={experiments}
              acts={acts}
            />
          );
        })}
      </div>
    </div>
  );
}

/** A run that is being asked for. */
function Bones({ top, pinned, index }: { top: number; pinned: readonly Column[]; index: number }) {
  return (
    <div
      role="row"
      tabIndex={-1}
      aria-rowindex={index + 2}
      className="grid-row"
      style={{ transform: `translateY(${top}px)` }}
    >
      <div className="grid-pinned" role="presentation">
        <div role="gridcell" className="run-marks" />
        {pinned.map(one => (
          <div
            key={one.text}
            role="gridcell"
            className={isNumber(one.field) ? "grid-cell number" : "grid-cell"}
            style={{ width: one.width }}
          >
            <span className="grid-bone" />
          </div>
        ))}
      </div>
    </div>
  );
}
