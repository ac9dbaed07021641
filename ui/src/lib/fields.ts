/** What a run can be asked by: the fields of the search grammar, as they are written there, and what a run has there. */
import type { Schemas } from "../api/client";

export type Run = Schemas["Run"];
export type Aggregate = "last" | "min" | "max";
export type Field =
  | { kind: "attribute"; name: Attribute }
  | { kind: "param" | "tag"; key: string }
  | { kind: "metric"; key: string; aggregate: Aggregate };

/** In the order in which they are offered; the server cannot sort or filter by those that are not `asked`. */
export const ATTRIBUTES = {
  name: { title: "Name", asked: true },
  status: { title: "Status", asked: true },
  start_time: { title: "Started", asked: true },
  duration: { title: "Duration", asked: false },
  step: { title: "Step", asked: false },
  user: { title: "User", asked: true },
  experiment: { title: "Experiment", asked: false },
  end_time: { title: "Ended", asked: true },
  parent: { title: "Parent", asked: true },
  id: { title: "Id", asked: true },
} as const;
export type Attribute = keyof typeof ATTRIBUTES;

export const NOTE_KEY = "mlflow.note.content";
export const STATUSES = ["scheduled", "running", "finished", "failed", "interrupted", "stopped"] as const;

const PLAIN = /^[A-Za-z_][\w\-/]*(\.[\w\-/]+)*$/;
const HEADS = { metric: "metrics", param: "params", tag: "tags" } as const;
const OWNED = /^(metrics?|params?|tags?)\.(.+)$/s;
const AGGREGATED = /^(last|min|max)\((.+)\)$/s;

/** A key as the grammar wants it: with backticks where it holds spaces or signs. */
export function keyText(key: string): string {
  return PLAIN.test(key) ? key : `\`${key.replaceAll("`", "``")}\``;
}

/** A text as the grammar wants it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A field as the grammar writes it: `metrics.loss`, `max(metrics.auc)`, `params.\`learning rate\``, `name`. */
export function fieldText(field: Field): string {
  if (field.kind === "attribute") return field.name;
  const text = `${HEADS[field.kind]}.${keyText(field.key)}`;
  return field.kind === "metric" && field.aggregate !== "last" ? `${field.aggregate}(${text})` : text;
}

/** The field that is written so, or null. */
export function parseField(text: string): Field | null {
  if (Object.hasOwn(ATTRIBUTES, text)) return { kind: "attribute", name: text as Attribute };
  const aggregated = AGGREGATED.exec(text);
  const owned = OWNED.exec(aggregated?.[2] ?? text);
  if (!owned) return null;
  const head = owned[1]?.[0];
  let key = owned[2] as string;
  if (key.length > 1 && key.startsWith("`") && key.endsWith("`"))
    key = key.slice(1, -1).replaceAll("``", "`");
  else if (!PLAIN.test(key)) return null;
  if (head === "m") return { kind: "metric", key, aggregate: (aggregated?.[1] ?? "last") as Aggregate };
  if (aggregated) return null;
  return { kind: head === "p" ? "param" : "tag", key };
}

/** What stands above a column. */
export function fieldTitle(field: Field): string {
  if (field.kind === "attribute") return ATTRIBUTES[field.name].title;
  if (field.kind === "tag" && field.key === NOTE_KEY) return "Note";
  if (field.kind === "metric" && field.aggregate !== "last") return `${field.aggregate} ${field.key}`;
  return field.key;
}

/** Whether the server sorts and filters by it. */
export function isAsked(field: Field): boolean {
  return field.kind !== "attribute" || ATTRIBUTES[field.name].asked;
}

/** What a run has there; undefined where it has nothing, NaN where that was logged. Times are microseconds. */
export function cellOf(run: Run, field: Field, nowUs = 0): string | number | undefined {
  switch (field.kind) {
    case "param":
      return run.params[field.key];
    case "tag":
      return run.tags[field.key];
    case "metric": {
      const metric = run.metrics[field.key];
      return metric && (metric[field.aggregate] ?? Number.NaN);
    }
    default:
      return attributeOf(run, field.name, nowUs);
  }
}

function attributeOf(run: Run, name: Attribute, nowUs: number): string | number | undefined {
  switch (name) {
    case "start_time":
      return run.start_us ?? undefined;
    case "end_time":
      return run.end_us ?? undefined;
    case "duration":
      return durationUs(run, nowUs);
    case "experiment":
      return run.experiment_id;
    case "step":
      return stepOf(run);
    case "parent":
      return run.parent ?? undefined;
    default:
      return run[name];
  }
}

/** The greatest step that a run has logged anything at: how far it is. */
function stepOf(run: Run): number | undefined {
  let step: number | undefined;
  for (const metric of Object.values(run.metrics))
    if (step === undefined || metric.step > step) step = metric.step;
  return step;
}

/** How long a run took, or has taken so far; nothing is known of a lost one. */
export function durationUs(run: Run, nowUs: number): number | undefined {
  if (run.start_us === null) return undefined;
  if (run.end_us !== null) return Math.max(0, run.end_us - run.start_us);
  return run.status === "running" && nowUs ? Math.max(0, nowUs - run.start_us) : undefined;
}
