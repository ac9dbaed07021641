/** Where the addresses lead that MLflow's client prints: `/#/experiments/1/runs/ID`. */
const RUN = /^#\/experiments\/[^/?#]+\/runs\/([^/?#]+)/;
const EXPERIMENT = /^#\/experiments\/(\d+)/;

/** Our own path for a fragment of MLflow's UI, or null if it is none. */
export function fromMlflow(fragment: string): string | null {
  const run = RUN.exec(fragment);
  if (run) return `/runs/${run[1]}`;
  const experiment = EXPERIMENT.exec(fragment);
  return experiment ? `/experiments/${experiment[1]}` : null;
}
