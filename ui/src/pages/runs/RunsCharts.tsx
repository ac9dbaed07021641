import { lazy, Suspense } from "react";
import { Boundary, Loading, Message } from "../../components/states";

const Charts = lazy(() => import("../../panels/Charts"));

interface Props {
  runs: readonly string[];
  onPick: (run: string) => void;
  onBrush: (runs: string[] | null) => void;
}

/** The charts of the runs that are drawn. They are loaded when they are first seen. */
export function RunsCharts({ runs, onPick, onBrush }: Props) {
  if (!runs.length) return <Message title="No run is drawn">The eye beside a run draws it here.</Message>;
  return (
    <Boundary>
      <Suspense fallback={<Loading what="Loading the charts" />}>
        <div className="workspace-charts">
          <Charts runs={runs} onPick={onPick} onBrush={onBrush} />
        </div>
      </Suspense>
    </Boundary>
  );
}
