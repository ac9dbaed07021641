/** What can stand next in a filter, at the caret: pure, and forgiving of what is not finished. */
import { type Field, parseField } from "./fields";

const TOKEN =
  /\s*(?:(?<string>'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$))|(?<quoted>`(?:[^`]|``)*(?:`|$))|(?<op><=|>=|!=|<>|=|<|>)|(?<word>[^\s'"`<>=!(),.]+)|(?<mark>[().,]))/gy;
const OWNED: Record<string, "metric" | "param" | "tag"> = {
  metrics: "metric",
  metric: "metric",
  params: "param",
  param: "param",
  tags: "tag",
  tag: "tag",
};
const AGGREGATES = new Set(["last", "min", "max"]);

export type Want =
  | { want: "field" }
  | { want: "key"; of: "metric" | "param" | "tag" }
  | { want: "operator" | "value" | "list"; field: string }
  | { want: "joiner" };

/** What is wanted, what of it is there already, and which part of the text it would replace. */
export type Place = Want & { partial: string; from: number; to: number };

interface Token {
  kind: string;
  text: string;
  from: number;
  to: number;
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const [kind, piece] = Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined) ?? [
      "",
      "",
    ];
    found.push({ kind, text: piece, from: TOKEN.lastIndex - piece.length, to: TOKEN.lastIndex });
  }
  return found;
}

/** Walks over what stands before the caret; what it holds is what may come next. */
class Walk {
  want: Want = { want: "field" };
  /** Where the field that is being written begins, and its key. */
  fieldFrom = 0;
  keyFrom = -1;
  private aggregate = false;
  private head: "metric" | "param" | "tag" | null = null;

  constructor(private readonly text: string) {}

  step(token: Token): void {
    const word = token.kind === "word" ? token.text.toUpperCase() : "";
    switch (this.want.want) {
      case "field":
        this.atField(token, word);
        return;
      case "key":
        if (token.text === "." || token.text === "(") return;
        if (this.keyFrom < 0) this.keyFrom = token.from;
        this.want = { want: "operator", field: this.text.slice(this.fieldFrom, token.to) };
        return;
      case "operator":
        this.atOperator(token, word, this.want.field);
        return;
      case "value":
        if (token.text === "(") this.want = { want: "list", field: this.want.field };
        else if (word === "NOW" || word.startsWith("-") || word === "NULL" || word === "NOT") return;
        else this.want = { want: "joiner" };
        return;
      case "list":
        if (token.text === ")") this.want = { want: "joiner" };
        return;
      default:
        if (word === "AND" || word === "OR") this.want = { want: "field" };
    }
  }

  private atField(token: Token, word: string): void {
    if (token.text === "(" && this.aggregate) return;
    if (word === "NOT" || token.text === "(") return;
    if (token.kind !== "word") {
      if (token.text === "." && this.head) {
        this.want = { want: "key", of: this.head };
        this.keyFrom = -1;
      }
      return;
    }
    if (AGGREGATES.has(token.text.toLowerCase()) && this.text[token.to] === "(") {
      this.aggregate = true;
      this.fieldFrom = token.from;
      return;
    }
    if (!this.aggregate) this.fieldFrom = token.from;
    this.head = OWNED[token.text] ?? null;
    if (!this.head) this.want = { want: "operator", field: token.text };
  }

  private atOperator(token: Token, word: string, field: string): void {
    if (token.text === "." && this.head && this.text[token.from - 1] !== " ") {
      this.want = { want: "key", of: this.head };
      return;
    }
    if (token.text === ")" && this.aggregate) {
      this.aggregate = false;
      this.want = { want: "operator", field: this.text.slice(this.fieldFrom, token.to) };
      return;
    }
    if (word === "NOT") return;
    if (word === "IS") {
      this.want = { want: "joiner" };
      return;
    }
    this.head = null;
    this.want = { want: "value", field };
  }
}

/** What can stand at the caret. */
export function placeAt(text: string, caret: number): Place {
  const before = text.slice(0, caret);
  const all = tokens(before);
  const last = all.at(-1);
  const isPartial = last !== undefined && last.to === caret && !["mark", "op"].includes(last.kind);
  const walk = new Walk(before);
  for (const token of isPartial ? all.slice(0, -1) : all) walk.step(token);
  const inKey = walk.want.want === "key" && walk.keyFrom >= 0;
  const from = inKey ? walk.keyFrom : isPartial ? last.from : caret;
  const written = before.slice(from);
  const partial = written.replace(/^['"`]/, "").replaceAll("''", "'");
  return { ...walk.want, partial, from, to: caret };
}

export interface Offer {
  /** What is shown, and what is put in its place. */
  label: string;
  insert: string;
  hint?: string;
}

const NUMERIC = ["=", "!=", "<", "<=", ">", ">="];
const TEXTUAL = ["=", "!=", "LIKE", "ILIKE", "IN", "IS NULL", "IS NOT NULL"];

/** The comparisons of a field. */
export function operatorsOf(text: string): string[] {
  const field: Field | null = parseField(text);
  if (field?.kind === "metric") return [...NUMERIC, "IN", "IS NULL", "IS NOT NULL"];
  if (field?.kind === "attribute" && /_time$/.test(field.name)) return NUMERIC;
  if (field?.kind === "param") return [...NUMERIC, ...TEXTUAL.slice(2)];
  return TEXTUAL;
}

/** The text with the offer in its place, and where the caret stands then. */
export function take(text: string, place: Place, offer: Offer): { text: string; caret: number } {
  const head = text.slice(0, place.from);
  const rest = text.slice(place.to).replace(/^[\w./'`-]+/, "");
  const insert = head && !/[\s(.]$/.test(head) && place.from === place.to ? ` ${offer.insert}` : offer.insert;
  return { text: head + insert + rest, caret: head.length + insert.length };
}

/** Where a fault lies that the server tells of, in this text: its place there counts whole characters. */
export function faultAt(message: string, text: string): number | null {
  const said = /at position (\d+)/.exec(message);
  if (!said) return null;
  const at = [...text].slice(0, Number(said[1])).join("").length;
  const spaces = /^\s*/.exec(text.slice(at))?.[0].length ?? 0;
  return Math.min(at + spaces, text.length);
}
