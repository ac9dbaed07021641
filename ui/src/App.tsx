import { lazy, Suspense } from "react";
import { Route, Switch } from "wouter";
import { Layout } from "./components/Layout";
import { Boundary, Loading, Message } from "./components/states";
import { HomePage } from "./pages/home/HomePage";

const ExperimentsPage = lazy(() => import("./pages/experiments/ExperimentsPage"));
const RunsPage = lazy(() => import("./pages/runs/RunsPage"));
const RunPage = lazy(() => import("./pages/run/RunPage"));
const ComparePage = lazy(() => import("./pages/compare/ComparePage"));

/** Which page is shown at which address. */
export function App() {
  return (
    <Layout>
      <Boundary>
        <Suspense fallback={<Loading />}>
          <Switch>
            <Route path="/" component={HomePage} />
            <Route path="/experiments" component={ExperimentsPage} />
            <Route path="/experiments/:experiment">
              {({ experiment }) => <RunsPage key={experiment} experiment={Number(experiment)} />}
            </Route>
            <Route path="/runs">
              <RunsPage />
            </Route>
            <Route path="/runs/:id">{({ id }) => <RunPage key={id} id={id} />}</Route>
            <Route path="/compare" component={ComparePage} />
            <Route>
              <Message title="There is no such page">
                The address may be old, or mistyped. The list on the left leads to all there is.
              </Message>
            </Route>
          </Switch>
        </Suspense>
      </Boundary>
    </Layout>
  );
}
