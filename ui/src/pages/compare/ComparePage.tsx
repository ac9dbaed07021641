import { useMemo, useState } from "react";
import { useLiveRuns, useRuns } from "../../api/run";
import { Button } from "../../components/Button";
import { Icon } from "../../components/Icon";
import { Page } from "../../components/Page";
import { soon } from "../../components/soon";
import { Boundary, Failure, Loading, Message } from "../../components/states";
import { type Tab, TabPanel, Tabs } from "../../components/Tabs";
import { useParam } from "../../components/useParam";
import { ChartsSoon, chartsAtLeisure } from "../../panels/ChartsSoon";
import { RunPicker } from "./RunPicker";
import { SideBySide } from "./SideBySide";
import "./ComparePage.css";

chartsAtLeisure();

const CompareFiles = soon(() => import("./CompareFiles"));
const LoggedValues = soon(() =>
  import("../run/LoggedValues").then(module => ({ default: module.LoggedValues })),
);

type Name = "charts" | "params" | "metrics" | "values" | "files";

const TABS: readonly Tab<Name>[] = [
  { id: "charts", name: "Charts" },
  { id: "params", name: "Params" },
  { id: "metrics", name: "Metrics" },
  { id: "values", name: "Logged values" },
  { id: "files", name: "Files" },
];
const FULL: readonly Name[] = ["params", "metrics", "files"];
const MOST = 100;

/** Runs side by side: `?runs=id,id`. */
export default function ComparePage() {
  const [asked, setAsked] = useParam("runs");
  const ids = useMemo(
    () => [...new Set(asked.split(",").filter(id => /^[0-9a-f]{32}$/.test(id)))].slice(0, MOST),
    [asked],
  );
  const [adding, setAdding] = useState(ids.length < 2);
  const set = (next: readonly string[]) => setAsked(next.join(","));
  const remove = (id: string) => set(ids.filter(one => one !== id));
  return (
    <Page
      title={ids.length === 0 ? "Compare" : `Compare ${ids.length} ${ids.length === 1 ? "run" : "runs"}`}
      full
      actions={
        <Button aria-expanded={adding} disabled={ids.length >= MOST} onClick={() => setAdding(!adding)}>
          <Icon name="plus" size={14} /> Add runs
        </Button>
      }
    >
      <div className="compare">
        {(adding || ids.length === 0) && <RunPicker chosen={ids} onChoose={set} />}
        {ids.length === 0 ? (
          <Message title="Choose runs to compare">
            Two to a hundred. They are also chosen in a table of runs.
          </Message>
        ) : (
          <Compared ids={ids} onRemove={remove} />
        )}
      </div>
    </Page>
  );
}

function Compared({ ids, onRemove }: { ids: readonly string[]; onRemove: (id: string) => void }) {
  const [part, setPart] = useParam("tab");
  const { data: runs, error, refetch } = useRuns(ids);
  useLiveRuns(ids);
  const tab = TABS.find(one => one.id === part)?.id ?? "charts";
  const missing = runs === undefined ? 0 : ids.length - runs.length;
  return (
    <>
      {missing > 0 && (
        <p className="compare-note" role="status">
          {missing === 1 ? "One of the runs is" : `${missing} of the runs are`} not there any more.
        </p>
      )}
      <Tabs
        label="What is compared"
        tabs={TABS}
        chosen={tab}
        onChoose={next => setPart(next === "charts" ? null : next)}
      />
      <TabPanel of={tab} full={FULL.includes(tab)}>
        {error && <Failure error={error} retry={() => void refetch()} />}
        {runs === undefined && !error && <Loading />}
        {runs !== undefined && (
          <Boundary key={tab}>
            {tab === "charts" && <ChartsSoon runs={ids} />}
            {tab === "params" && <SideBySide runs={runs} what="params" onRemove={onRemove} />}
            {tab === "metrics" && <SideBySide runs={runs} what="metrics" onRemove={onRemove} />}
            {tab === "values" && (
              <LoggedValues runs={runs.map(run => ({ id: run.id, name: run.name || run.id }))} />
            )}
            {tab === "files" && <CompareFiles runs={runs} />}
          </Boundary>
        )}
      </TabPanel>
    </>
  );
}
