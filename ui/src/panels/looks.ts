import { type Look, looksOf } from "../lib/colours";

/** Looks of runs, the same in all grids and lists of a page, and as long as it is open. */
const kept = new Map<string, Look>();

export const runLooks = (ids: Iterable<string>): Map<string, Look> => looksOf(ids, kept);
