/** The columns of a table of runs: which, in which order, how wide, which stay at the left; as text for the address. */
import { type Field, fieldText, parseField } from "./fields";

export interface Column {
  /** As the grammar writes it: the column's name everywhere. */
  text: string;
  field: Field;
  width: number;
  pinned: boolean;
}

export const WIDTHS = { least: 56, most: 640 };
const COLUMNS_BOUND = 300;

const USUAL: Record<string, number> = {
  name: 220,
  status: 116,
  start_time: 104,
  end_time: 104,
  duration: 88,
  user: 96,
  experiment: 140,
  parent: 120,
  id: 120,
};

export function usualWidth(field: Field): number {
  if (field.kind === "attribute") return USUAL[field.name] ?? 120;
  const title = field.key.length + (field.kind === "metric" && field.aggregate !== "last" ? 4 : 0);
  return Math.min(180, Math.max(field.kind === "metric" ? 92 : 84, title * 7 + 24));
}

export function column(text: string, pinned = false, width?: number): Column | null {
  const field = parseField(text);
  if (!field) return null;
  return { text: fieldText(field), field, width: clamp(width ?? usualWidth(field)), pinned };
}

function clamp(width: number): number {
  return Math.round(Math.min(WIDTHS.most, Math.max(WIDTHS.least, width)));
}

/** As the address has them: `name*!240,status,metrics.loss`. A star is pinned, a number a width of one's own. */
export function encodeColumns(columns: readonly Column[]): string {
  return columns
    .map(({ text, field, width, pinned }) => {
      const own = width === usualWidth(field) ? "" : `!${width}`;
      return (
        text.replace(/[%,!*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`) +
        (pinned ? "*" : "") +
        own
      );
    })
    .join(",");
}

/** What `encodeColumns` wrote; what cannot be read is passed over, and what comes twice comes once. */
export function decodeColumns(text: string): Column[] {
  const found = new Map<string, Column>();
  for (const item of text.split(",").slice(0, COLUMNS_BOUND)) {
    const match = /^([^*!]*)(\*?)(?:!(\d{1,4}))?$/.exec(item);
    if (!match) continue;
    const name = (match[1] ?? "").replace(/%(2C|21|2A|25)/g, sign =>
      String.fromCharCode(Number.parseInt(sign.slice(1), 16)),
    );
    const one = column(name, match[2] === "*", match[3] ? Number(match[3]) : undefined);
    if (one && !found.has(one.text)) found.set(one.text, one);
  }
  return [...found.values()];
}

/** Pinned columns stand first. */
export function ordered(columns: readonly Column[]): Column[] {
  return [...columns.filter(one => one.pinned), ...columns.filter(one => !one.pinned)];
}

export interface Key {
  kind: "metric" | "param" | "tag";
  key: string;
  runs: number;
}

const SYSTEM = /^system[./]/;

/** What is shown to somebody who has chosen nothing: what most runs have. */
export function usualColumns(keys: readonly Key[], across: boolean): Column[] {
  const most = (kind: Key["kind"], count: number) =>
    keys
      .filter(one => one.kind === kind && !SYSTEM.test(one.key) && !one.key.startsWith("mlflow."))
      .sort((a, b) => b.runs - a.runs || (a.key < b.key ? -1 : 1))
      .slice(0, count)
      .map(one =>
        fieldText(
          one.kind === "metric"
            ? { ...one, kind: "metric", aggregate: "last" }
            : { kind: one.kind as "param" | "tag", key: one.key },
        ),
      );
  const names = ["status", ...(across ? ["experiment"] : []), "start_time", "duration", "user"];
  const texts = [...names, ...most("metric", 8), ...most("param", 8), ...most("tag", 2)];
  const rest = texts.map(text => column(text)).filter(one => one !== null);
  return [column("name", true) as Column, ...rest];
}

/** The columns with one of them changed, or without it where nothing is put in its place. */
export function withColumn(
  columns: readonly Column[],
  text: string,
  change: Partial<Column> | null,
): Column[] {
  if (change === null) return columns.filter(one => one.text !== text);
  return columns.map(one =>
    one.text === text ? { ...one, ...change, width: clamp(change.width ?? one.width) } : one,
  );
}

/** The column stands before another, and is pinned as that is; at the end without another. */
export function moved(columns: readonly Column[], text: string, before: string | null): Column[] {
  const mine = columns.find(one => one.text === text);
  if (!mine || text === before) return [...columns];
  const rest = columns.filter(one => one.text !== text);
  const at = before === null ? rest.length : rest.findIndex(one => one.text === before);
  const place = at < 0 ? rest.length : at;
  const pinned = before === null ? false : (rest[place]?.pinned ?? false);
  return ordered([...rest.slice(0, place), { ...mine, pinned }, ...rest.slice(place)]);
}
