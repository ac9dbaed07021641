import { useMemo } from "react";
import { ApiError } from "../../api/client";
import { useLiveRuns, useRun } from "../../api/run";
import { Page } from "../../components/Page";
import { soon } from "../../components/soon";
import { Boundary, Failure, Loading } from "../../components/states";
import { type Tab, TabPanel, Tabs } from "../../components/Tabs";
import { useParam } from "../../components/useParam";
import { ChartsSoon, chartsAtLeisure } from "../../panels/ChartsSoon";
import { RunHead } from "./RunHead";
import "./RunPage.css";

chartsAtLeisure();

const Overview = soon(() => import("./Overview"));
const SystemCharts = soon(() => import("./SystemCharts"));
const Console = soon(() => import("./Console"));
const Files = soon(() => import("./Files"));
const Lineage = soon(() => import("./Lineage"));
const Values = soon(() => import("./Values"));
const Comments = soon(() => import("./Comments"));

type Name = "overview" | "charts" | "system" | "console" | "files" | "lineage" | "values" | "comments";

const TABS: readonly Tab<Name>[] = [
  { id: "overview", name: "Overview" },
  { id: "charts", name: "Charts" },
  { id: "values", name: "Logged values" },
  { id: "console", name: "Console" },
  { id: "files", name: "Files" },
  { id: "system", name: "System" },
  { id: "lineage", name: "Inputs and outputs" },
  { id: "comments", name: "Comments" },
];
const FULL: readonly Name[] = ["console", "files"];

const isOwn = (key: string) => !key.startsWith("system/");

/** One run: `?tab=` says what of it. */
export default function RunPage({ id }: { id: string }) {
  const [asked, setTab] = useParam("tab");
  const { data: run, error, refetch } = useRun(id);
  useLiveRuns([id]);
  const only = useMemo(() => [id], [id]);
  const tab = TABS.find(one => one.id === asked)?.id ?? "overview";
  if (run === undefined) {
    const title = error instanceof ApiError && error.status === 404 ? "There is no such run" : "Run";
    return (
      <Page title={title}>
        {error ? <Failure error={error} retry={() => void refetch()} /> : <Loading />}
      </Page>
    );
  }
  return (
    <div className="page run">
      <RunHead run={run} />
      <Tabs
        label="Parts of the run"
        tabs={TABS}
        chosen={tab}
        onChoose={next => setTab(next === "overview" ? null : next, { drop: ["file"] })}
      />
      <TabPanel of={tab} full={FULL.includes(tab)}>
        <Boundary key={tab}>
          {tab === "overview" && <Overview run={run} />}
          {tab === "charts" && <ChartsSoon runs={only} keep={isOwn} />}
          {tab === "system" && <SystemCharts runs={only} />}
          {tab === "console" && <Console run={run} />}
          {tab === "files" && <Files run={run} />}
          {tab === "lineage" && <Lineage run={run} />}
          {tab === "values" && <Values run={run} />}
          {tab === "comments" && <Comments run={run} />}
        </Boundary>
      </TabPanel>
    </div>
  );
}
