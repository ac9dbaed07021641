import { useCallback, useDeferredValue, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { type Experiment, useExperimentNames } from "../../api/experiments";
import { useKeys } from "../../api/keys";
import { useCount, useRunList } from "../../api/runs";
import type { Selection } from "../../api/selection";
import { Page } from "../../components/Page";
import { Split } from "../../components/Split";
import { Failure, Loading, Message } from "../../components/states";
import { runLooks } from "../../lib/looks";
import { type Column, moved, withColumn } from "../../lib/tableColumns";
import { DRAWN_BOUND, sortedBy } from "../../lib/viewState";
import { BulkBar } from "./BulkBar";
import { ColumnManager } from "./ColumnManager";
import { GroupedRuns } from "./GroupedRuns";
import type { HeadActs } from "./HeadCell";
import { ModeSwitch } from "./ModeSwitch";
import { RunsCharts } from "./RunsCharts";
import { RunsTable } from "./RunsTable";
import { Toolbar } from "./Toolbar";
import { useColumns } from "./useColumns";
import { DRAWN_MS, useLate } from "./useLate";
import { useNow } from "./useNow";
import { useSelected } from "./useSelected";
import { useView } from "./useView";
import "./Workspace.css";

interface Props {
  title: string;
  /** Under which name what is chosen here is kept. */
  scope: string;
  experiments: readonly number[];
  experiment?: Experiment;
}

const DRAWN_AT_FIRST = 10;

/** The table of runs, and their charts beside it. */
export function Workspace({ title, scope, experiments, experiment }: Props) {
  const [view, change] = useView();
  const gone = experiment?.lifecycle === "deleted";
  const seen = gone ? "deleted" : view.view;
  const selection = useMemo<Selection>(
    () => ({ experiments, filter: view.filter, order: view.order, view: seen }),
    [experiments, view.filter, view.order, seen],
  );
  const list = useRunList(selection);
  const shown = useLate(!list.isPending, DRAWN_MS); // what else is asked for would only make the rows late
  const count = useCount(selection, shown);
  const keys = useKeys(experiments, seen, shown);
  const allNames = useExperimentNames(shown);
  const [columns, setColumns] = useColumns(scope, view.columns, keys.data, change);
  const marks = useSelected(list.runs);
  const nowUs = useNow(list.runs.some(run => run.status === "running"));
  const [, navigate] = useLocation();
  const [managing, setManaging] = useState(false);

  const drawn = useMemo(
    () => view.drawn ?? list.runs.slice(0, DRAWN_AT_FIRST).map(run => run.id),
    [view.drawn, list.runs],
  );
  const looks = useMemo(() => runLooks(drawn), [drawn]);
  const drawnLate = useDeferredValue(drawn);
  const draw = (id: string) => {
    const next = drawn.includes(id) ? drawn.filter(one => one !== id) : [...drawn, id].slice(-DRAWN_BOUND);
    change({ drawn: next });
  };

  const latest = useRef({ view, columns });
  latest.current = { view, columns };
  const head = useMemo<HeadActs>(
    () => ({
      sort: (text, numeric, added) =>
        change({ order: sortedBy(latest.current.view.order, text, numeric, added) }),
      setOrder: order => change({ order }),
      change: (text, changed: Partial<Column> | null) =>
        setColumns(withColumn(latest.current.columns, text, changed)),
      replace: (text, by) =>
        setColumns(latest.current.columns.map(one => (one.text === text ? by : one)).filter(unique)),
      move: (text, before) => setColumns(moved(latest.current.columns, text, before)),
      group: text => change({ group: text }),
    }),
    [change, setColumns],
  );
  const { fetchNextPage, hasNextPage, isFetching } = list;
  const more = useCallback(() => void fetchNextPage({ cancelRefetch: false }), [fetchNextPage]);

  const table = view.group ? (
    <GroupedRuns
      selection={selection}
      by={view.group}
      columns={columns}
      experiments={allNames.data}
      nowUs={nowUs}
      onOpen={filter => change({ filter, group: "" })}
    />
  ) : list.error ? (
    <Failure error={list.error} retry={list.refetch} />
  ) : list.isPending ? (
    <Loading what="Asking for the runs" />
  ) : list.runs.length === 0 ? (
    <Nothing filtered={view.filter !== ""} deleted={seen === "deleted"} />
  ) : (
    <RunsTable
      runs={list.runs}
      count={hasNextPage ? (count.data?.runs ?? list.runs.length) : list.runs.length}
      more={hasNextPage && !isFetching ? more : null}
      columns={columns}
      order={view.order}
      head={head}
      selected={marks.selected}
      select={marks.select}
      selectAll={marks.selectAll}
      looks={looks}
      draw={draw}
      experiments={allNames.data}
      nowUs={nowUs}
      question={JSON.stringify(selection)}
    />
  );
  const charts = (
    <RunsCharts
      runs={drawnLate}
      onPick={id => navigate(`/runs/${id}`)}
      onBrush={ids => marks.put(ids ?? [])}
    />
  );
  return (
    <Page
      title={gone ? `${title} (deleted)` : title}
      full
      actions={<ModeSwitch mode={view.mode} onMode={mode => change({ mode })} />}
      below={
        <Toolbar
          view={view}
          change={change}
          experiment={experiment?.id}
          keys={keys.data ?? []}
          experiments={experiments}
          columns={columns}
          selection={selection}
          count={count.data}
          news={list.news}
          reload={list.reload}
          manage={() => setManaging(true)}
        />
      }
    >
      <div className="workspace">
        {marks.selected.size > 0 && (
          <BulkBar
            ids={marks.selected}
            deleted={seen === "deleted"}
            clear={marks.clear}
            draw={ids => change({ drawn: ids, mode: "split" })}
          />
        )}
        <div className="workspace-body">
          {view.mode === "table" && table}
          {view.mode === "charts" && charts}
          {view.mode === "split" && (
            <Split label="table" kept="assay.split">
              {table}
              {charts}
            </Split>
          )}
        </div>
      </div>
      {managing && (
        <ColumnManager
          columns={columns}
          keys={keys.data ?? []}
          onColumns={setColumns}
          onClose={() => setManaging(false)}
        />
      )}
    </Page>
  );
}

function unique(one: Column, at: number, all: readonly Column[]): boolean {
  return all.findIndex(other => other.text === one.text) === at;
}

function Nothing({ filtered, deleted }: { filtered: boolean; deleted: boolean }) {
  if (filtered) return <Message title="No run matches">Change the filter, or clear it.</Message>;
  if (deleted)
    return <Message title="No run is deleted">What you delete stays here until it is purged.</Message>;
  return (
    <Message title="No runs yet">
      What a script logs here appears by itself, as it is logged. Home shows the lines to send a first run.
    </Message>
  );
}
