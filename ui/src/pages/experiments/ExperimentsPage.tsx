import { Page } from "../../components/Page";

/** All experiments. */
export default function ExperimentsPage() {
  return <Page title="Experiments">{null}</Page>;
}
