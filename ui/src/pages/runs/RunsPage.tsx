import { useMemo } from "react";
import { useExperiment } from "../../api/experiments";
import { Page } from "../../components/Page";
import { Failure, Loading } from "../../components/states";
import { Workspace } from "./Workspace";

const ALL: readonly number[] = [];

/** The runs of an experiment, or of all. */
export default function RunsPage({ experiment }: { experiment?: number }) {
  const found = useExperiment(experiment);
  const only = useMemo(() => (experiment === undefined ? ALL : [experiment]), [experiment]);
  if (experiment === undefined) return <Workspace title="Runs" scope="all" experiments={ALL} />;
  if (found.data)
    return (
      <Workspace
        title={found.data.name}
        scope={String(experiment)}
        experiments={only}
        experiment={found.data}
      />
    );
  return (
    <Page title="Experiment">
      {found.error ? <Failure error={found.error} retry={found.refetch} /> : <Loading />}
    </Page>
  );
}
