import { useMemo } from "react";
import { useExperiment } from "../../api/experiments";
import { Page } from "../../components/Page";
import { Failure, Loading } from "../../components/states";
import { Workspace } from "./Workspace";

const ALL: readonly string[] = [];

/** The runs of an experiment, or of all. */
export default function RunsPage({ experiment }: { experiment?: number }) {
  const found = useExperiment(experiment);
  const names = useMemo(() => (found.data ? [found.data.name] : ALL), [found.data]);
  if (experiment === undefined) return <Workspace title="Runs" scope="all" experiments={ALL} />;
  if (found.data)
    return (
      <Workspace
        title={found.data.name}
        scope={String(experiment)}
        experiments={names}
        experiment={found.data}
      />
    );
  return (
    <Page title="Experiment">
      {found.error ? <Failure error={found.error} retry={found.refetch} /> : <Loading />}
    </Page>
  );
}
