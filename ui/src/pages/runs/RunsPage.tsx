import { Page } from "../../components/Page";

/** The runs of an experiment, or of all. */
export default function RunsPage({ experiment }: { experiment?: number }) {
  return <Page title={experiment === undefined ? "Runs" : `Experiment ${experiment}`}>{null}</Page>;
}
