import { useState } from "react";
import { Link } from "wouter";
import { useExperimentNames } from "../../api/experiments";
import {
  useActiveExperiments,
  useAnything,
  useLiveHome,
  useRecentRuns,
  useRunningRuns,
} from "../../api/home";
import { Button } from "../../components/Button";
import { Icon } from "../../components/Icon";
import { Page } from "../../components/Page";
import { openPalette } from "../../components/palette";
import { RunList } from "../../components/RunList";
import { Failure, Loading } from "../../components/states";
import type { Run } from "../../lib/fields";
import { useNow } from "../runs/useNow";
import { ActiveExperiments } from "./ActiveExperiments";
import { FirstUse } from "./FirstUse";
import "./HomePage.css";

/** Where one begins: what runs, what ran last, where something goes on. */
export function HomePage() {
  useLiveHome();
  const any = useAnything();
  const [wasEmpty, setWasEmpty] = useState(false);
  if (any.data === null && !wasEmpty) setWasEmpty(true);
  if (any.isPending) return <Page title="Home">{<Loading />}</Page>;
  if (any.error && !any.data)
    return <Page title="Home">{<Failure error={any.error} retry={any.refetch} />}</Page>;
  if (!any.data) return <FirstUse />;
  return <Overview arrived={wasEmpty ? any.data : null} />;
}

function Overview({ arrived }: { arrived: Run | null }) {
  const running = useRunningRuns();
  const recent = useRecentRuns();
  const active = useActiveExperiments();
  const names = useExperimentNames();
  const nowUs = useNow(Boolean(running.data?.length));
  return (
    <Page
      title="Home"
      actions={
        <Button className="home-search" onClick={openPalette}>
          <Icon name="search" size={14} /> Search runs, experiments, keys… <kbd>Ctrl K</kbd>
        </Button>
      }
    >
      <div className="home">
        {arrived && (
          <p className="home-arrived" role="status">
            <Icon name="check" /> Your first run has arrived:{" "}
            <Link to={`/runs/${arrived.id}`}>{arrived.name}</Link>
          </p>
        )}
        <div className="home-main">
          {Boolean(running.data?.length) && (
            <section className="home-section">
              <h2>Running</h2>
              <RunList
                label="Running runs"
                runs={running.data ?? []}
                experiments={names.data}
                nowUs={nowUs}
              />
            </section>
          )}
          <section className="home-section">
            <h2>
              Recent runs <Link to="/runs">All runs</Link>
            </h2>
            {recent.error ? (
              <Failure error={recent.error} retry={recent.refetch} />
            ) : (
              <RunList label="Recent runs" runs={recent.data ?? []} experiments={names.data} nowUs={nowUs} />
            )}
          </section>
        </div>
        <section className="home-section">
          <h2>
            Experiments <Link to="/experiments">All experiments</Link>
          </h2>
          {active.error ? (
            <Failure error={active.error} retry={active.refetch} />
          ) : (
            <ActiveExperiments experiments={active.data ?? []} nowUs={nowUs} />
          )}
        </section>
      </div>
    </Page>
  );
}
