import { Page } from "../../components/Page";

/** Runs side by side: `?runs=id,id`. */
export default function ComparePage() {
  return <Page title="Compare">{null}</Page>;
}
