import { Link } from "wouter";
import type { Schemas } from "../../api/client";
import { Sparkline } from "../../components/Sparkline";
import { activityLabel, activityText } from "../../lib/activity";

type Listed = Schemas["ListedExperiment"];

/** Experiments and how much goes on in each. */
export function ActiveExperiments({ experiments, nowUs }: { experiments: readonly Listed[]; nowUs: number }) {
  return (
    <ul className="home-experiments">
      {experiments.map(({ id, name, activity }) => (
        <li key={id}>
          <Link to={`/experiments/${id}`} className="home-experiment">
            <span className="home-experiment-name truncate">{name}</span>
            <span className="muted numbers">{activity && activityText(activity, nowUs)}</span>
            {activity && <Sparkline days={activity.by_day} label={activityLabel(activity)} />}
          </Link>
        </li>
      ))}
    </ul>
  );
}
