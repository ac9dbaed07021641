/** Who ran what, where: told by tags, of which every client has its own. */

export interface Fact {
  label: string;
  value: string;
}

const FACTS: [label: string, ...tags: string[]][] = [
  ["Git commit", "assay.git.commit", "mlflow.source.git.commit", "wandb.git.commit"],
  ["Git branch", "assay.git.branch", "mlflow.source.git.branch"],
  ["Repository", "assay.git.remote", "mlflow.source.git.repoURL", "wandb.git.remote"],
  ["Uncommitted changes", "assay.git.dirty", "mlflow.source.git.dirty"],
  ["Command", "assay.command", "mlflow.source.name", "wandb.program"],
  ["Started as", "mlflow.source.type"],
  ["Entry point", "mlflow.project.entryPoint"],
  ["Environment", "assay.environment", "mlflow.project.env"],
  ["Container", "mlflow.docker.image.name"],
  ["Python", "assay.python"],
  ["Host", "assay.host", "wandb.host"],
  ["Job type", "wandb.job_type"],
  ["Sweep", "wandb.sweep"],
  ["W&B run", "wandb.run_id"],
  ["Databricks notebook", "mlflow.databricks.notebookPath"],
];

const SHOWN_ELSEWHERE = new Set([
  "mlflow.runName",
  "mlflow.user",
  "mlflow.note.content",
  "mlflow.parentRunId",
]);
const TOLD = new Set(FACTS.flatMap(([, ...tags]) => tags));

/** What the tags tell of a run's origin. */
export function originOf(tags: Readonly<Record<string, string>>): Fact[] {
  return FACTS.flatMap(([label, ...names]) => {
    const name = names.find(one => Object.hasOwn(tags, one) && tags[one] !== "");
    return name === undefined ? [] : [{ label, value: tags[name] as string }];
  });
}

/** The tags that people gave: those that are shown nowhere else. */
export function ownTags(tags: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tags).filter(([name]) => !TOLD.has(name) && !SHOWN_ELSEWHERE.has(name)),
  );
}
