import "./RunStatus.css";

const LOOKS: Record<string, [look: string, title: string]> = {
  scheduled: ["neutral", "It has not begun"],
  running: ["running", "It is running"],
  finished: ["good", "It came to its end"],
  failed: ["bad", "It ended with an error"],
  interrupted: ["warn", "It was interrupted"],
  stopped: ["neutral", "Somebody stopped it"],
  lost: ["warn", "It says it is running, but nothing was heard of it for five minutes"],
};

/** How a run is: a word with a mark beside it. */
export function RunStatus({ status }: { status: string }) {
  const [look, title] = LOOKS[status] ?? ["neutral", ""];
  return (
    <span className={`run-status ${look}`} title={title}>
      <span className="run-status-mark" aria-hidden="true" />
      {status}
    </span>
  );
}
