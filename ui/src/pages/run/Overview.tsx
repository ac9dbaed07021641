import type { RunDetail } from "../../api/run";
import { loadSnippets } from "../../lib/snippets";
import { Metrics } from "./Metrics";
import { Note } from "./Note";
import { Origin } from "./Origin";
import { Params } from "./Params";
import { Section } from "./Section";
import { Snippets } from "./Snippets";
import { Summary } from "./Summary";
import { Tags } from "./Tags";
import "./Overview.css";

/** What a run is: on the left what was set and measured, on the right who ran it, where, and how to load it. */
export default function Overview({ run }: { run: RunDetail }) {
  const first = Object.keys(run.metrics).find(key => !key.startsWith("system/"));
  return (
    <div className="overview">
      <div className="overview-main">
        <Note run={run} />
        <Metrics run={run} />
        <Summary summary={run.summary as Record<string, unknown>} />
        <Params run={run} />
      </div>
      <div className="overview-side">
        <Origin run={run} />
        <Tags run={run} />
        <Section title="Load this run">
          <Snippets snippets={loadSnippets(location.origin, run.id, first)} />
        </Section>
      </div>
    </div>
  );
}
