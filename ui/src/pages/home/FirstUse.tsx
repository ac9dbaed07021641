import { CodeBlock } from "../../components/CodeBlock";
import { Page } from "../../components/Page";
import "./HomePage.css";

/** What an empty server shows: the lines that send a first run. It arrives by itself. */
export function FirstUse() {
  const { origin } = location;
  return (
    <Page title="Home">
      <div className="first">
        <h2 className="first-title">Send a first run</h2>
        <p className="muted">
          Either way is enough. The run appears here as soon as it begins; this page need not be reloaded.
        </p>
        <section className="first-way">
          <h3>From a script that uses MLflow, unchanged</h3>
          <CodeBlock
            what="the lines for MLflow"
            text={`export MLFLOW_TRACKING_URI=${origin}\npython train.py`}
          />
        </section>
        <section className="first-way">
          <h3>With Assay's own SDK</h3>
          <CodeBlock
            what="the lines for the SDK"
            text={`import assay\n\nwith assay.init(experiment="first", config={"lr": 0.1}) as run:\n    for step in range(100):\n        run.log({"loss": 1 / (step + 1)})`}
          />
          <p className="muted">
            On this machine it finds the server by itself; elsewhere set <code>ASSAY_URL={origin}</code>.
          </p>
        </section>
        <p className="first-waiting muted" role="status">
          <span className="spinner" aria-hidden="true" /> Waiting for the first run…
        </p>
      </div>
    </Page>
  );
}
