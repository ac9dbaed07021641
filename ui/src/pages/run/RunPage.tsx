import { Page } from "../../components/Page";

/** One run. */
export default function RunPage({ id }: { id: string }) {
  return <Page title={id}>{null}</Page>;
}
