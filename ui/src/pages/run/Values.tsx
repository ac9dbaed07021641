import type { RunDetail } from "../../api/run";
import { LoggedValues } from "./LoggedValues";

/** What this run logged that is no number. */
export default function Values({ run }: { run: RunDetail }) {
  return <LoggedValues runs={[{ id: run.id, name: run.name || run.id }]} />;
}
