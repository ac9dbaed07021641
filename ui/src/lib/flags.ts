/** Flags: where comments on steps stand above a chart. Those that would lie upon each other share one. */

import type { Comment } from "../api/comments";
import type { Look } from "./colours";
import { formatCount } from "./format";
import { type Scale, toPixel } from "./scales";

/** A comment on a step that is drawn, with the look of its line. */
export interface Flagged {
  comment: Comment;
  step: number;
  look: Look;
}

export interface Flag {
  /** In pixels. */
  at: number;
  /** From left to right, the oldest first; never empty. */
  said: Flagged[];
}

const APART_PX = 32; // a flag with a count is hardly wider

/** The comments on steps of what these lines draw. A run that has several lines of a metric is told by the first. */
export function flaggedOf(
  comments: readonly Comment[],
  lines: readonly { run: string | null; key: string; look: Look }[],
): Flagged[] {
  const looks = new Map<string, Look>();
  for (const { run, key, look } of lines) {
    const name = `${run} ${key}`;
    if (run !== null && !looks.has(name)) looks.set(name, look);
  }
  return comments.flatMap(comment => {
    const { run, key, step } = comment;
    const look = looks.get(`${run} ${key}`);
    return look && step !== null ? [{ comment, step, look }] : [];
  });
}

/** The flags within the axis. Each stands where its first comment does, so that none moves as others are said. */
export function flagsOf(flagged: readonly Flagged[], x: Scale, apart = APART_PX): Flag[] {
  const flags: Flag[] = [];
  const sorted = [...flagged].sort((a, b) => a.step - b.step || a.comment.created_us - b.comment.created_us);
  for (const one of sorted) {
    const at = toPixel(x, one.step);
    if (!(at >= x.from && at <= x.to)) continue; // a logarithm may have no place for it
    const last = flags.at(-1);
    if (last && at - last.at < apart) last.said.push(one);
    else flags.push({ at, said: [one] });
  }
  return flags;
}

/** Who said it, and when; of what was imported, who is said to have. */
export function saidBy({ origin, author, created_us }: Comment): { author: string; atUs: number } {
  return { author: origin?.author ?? author, atUs: origin?.created_us ?? created_us };
}

/** What a flag is called. */
export function flagName({ said }: Flag): string {
  const first = said[0]!;
  const last = said.at(-1)!;
  const whose = said.length === 1 ? `Comment of ${saidBy(first.comment).author}` : `${said.length} comments`;
  return first.step === last.step
    ? `${whose} at step ${formatCount(first.step)}`
    : `${whose} at steps ${formatCount(first.step)} to ${formatCount(last.step)}`;
}
