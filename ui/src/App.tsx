import { Route, Switch } from "wouter";
import { Layout } from "./components/Layout";
import { soon } from "./components/soon";
import { Boundary, Message } from "./components/states";
import { PAGES } from "./pages";
import { HomePage } from "./pages/home/HomePage";

const ExperimentsPage = soon(PAGES.experiments);
const RunsPage = soon(PAGES.runs);
const RunPage = soon(PAGES.run);
const ComparePage = soon(PAGES.compare);

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
