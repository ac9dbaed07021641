import { Boundary, Message } from "../../components/states";
import { ChartsSoon } from "../../panels/ChartsSoon";

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
      <div className="workspace-charts">
        <ChartsSoon runs={runs} onPick={onPick} onBrush={onBrush} />
      </div>
    </Boundary>
  );
}
