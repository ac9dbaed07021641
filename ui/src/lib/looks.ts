/** The looks of runs, the same in all lists and charts, and as long as the page is open. */

import { type Look, looksOf } from "./colours";

const kept = new Map<string, Look>();

/** The looks of the runs that are shown together; who was seen before looks as he did. */
export const runLooks = (ids: Iterable<string>): Map<string, Look> => looksOf(ids, kept);
