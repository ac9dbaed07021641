import { Route, Switch } from "wouter";
import { experimentAhead } from "./api/experiments";
import { Layout } from "./components/Layout";
import { soon } from "./components/soon";
import { Boundary, Message } from "./components/states";
import { HomePage } from "./pages/home/HomePage";

const ExperimentsPage = soon(() => import("./pages/experiments/ExperimentsPage"));
const RunsPage = soon(() => import("./pages/runs/RunsPage"));
const RunPage = soon(() => import("./pages/run/RunPage"));
const ComparePage = soon(() => import("./pages/compare/ComparePage"));

const BY_ADDRESS: readonly [RegExp, (id: string) => void][] = [
  [/^\/experiments\/?$/, ExperimentsPage.ahead],
  [/^\/experiments\/([^/]+)\/?$/, id => experimentAhead(Number(id))],
  [/^\/(?:experiments\/[^/]+|runs)\/?$/, RunsPage.ahead],
  [/^\/runs\/[^/]+\/?$/, RunPage.ahead],
  [/^\/compare\/?$/, ComparePage.ahead],
];

/** What the page at an address needs first comes while the frame of all pages is drawn. */
export function fetchPage(path: string): void {
  for (const [address, fetch] of BY_ADDRESS) {
    const found = address.exec(path);
    if (found) fetch(found[1] ?? "");
  }
}

/** Which page is shown at which address. */
export function App() {
  return (
    <Layout>
      <Boundary>
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
      </Boundary>
    </Layout>
  );
}
