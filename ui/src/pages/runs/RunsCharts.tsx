import { Message } from "../../components/states";

/** The charts of the runs that are drawn. */
export function RunsCharts({ runs }: { runs: readonly string[] }) {
  return <Message title={`${runs.length} runs`} />;
}
