/** What a run printed, for people: repeated lines are folded, what was searched for is marked. */

export type Line = readonly [stream: "stdout" | "stderr", timeUs: number, text: string];

export interface Folded {
  line: Line;
  /** The number of the first line, from 0. */
  at: number;
  /** How often it was printed in a row. */
  count: number;
}

/** The lines, those that follow each other with the same text and stream as one. */
export function foldLines(lines: readonly Line[]): Folded[] {
  const found: Folded[] = [];
  lines.forEach((line, at) => {
    const last = found.at(-1);
    if (last !== undefined && last.line[0] === line[0] && last.line[2] === line[2] && line[2] !== "")
      last.count += 1;
    else found.push({ line, at, count: 1 });
  });
  return found;
}

export interface Piece {
  text: string;
  hit: boolean;
}

/** The text in pieces, those that are what was searched for marked; upper and lower case are the same. */
export function marked(text: string, wanted: string): Piece[] {
  if (wanted === "") return [{ text, hit: false }];
  const found: Piece[] = [];
  // By a pattern and not by lower-casing both, which moves places where a letter becomes two.
  const pattern = new RegExp(wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "giu");
  let done = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > done) found.push({ text: text.slice(done, match.index), hit: false });
    found.push({ text: match[0], hit: true });
    done = match.index + match[0].length;
  }
  if (done < text.length || found.length === 0) found.push({ text: text.slice(done), hit: false });
  return found;
}

// Written by their numbers: as characters, an editor or a linter takes them for mistakes.
const [NUL, BELL, BACKSPACE, TAB_AFTER, LAST, ESC, DELETE] = [0, 7, 8, 11, 31, 27, 127].map(code =>
  String.fromCharCode(code),
);
// Colours, cursor moves, titles and links of terminals, and control characters other than tabs and line ends.
const CODES = new RegExp(
  `${ESC}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${BELL}${ESC}]*(?:${BELL}|${ESC}\\\\)|[ -/]*[0-~])` +
    `|[${NUL}-${BACKSPACE}${TAB_AFTER}-${LAST}${DELETE}]`,
  "g",
);

/** The text without colours and other codes for terminals, which clients may send. */
export function plainText(text: string): string {
  return text.replace(CODES, "");
}

/** The lines with others behind them, at most so many: the oldest go first. */
export function appended(lines: readonly Line[], more: readonly Line[], most: number): Line[] {
  const all = [...lines, ...more];
  return all.length > most ? all.slice(all.length - most) : all;
}
