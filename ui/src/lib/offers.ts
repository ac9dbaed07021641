/** What is offered at a place of a filter, of the keys and texts that runs have. */
import { type Offer, operatorsOf, type Place } from "./completion";
import { ATTRIBUTES, keyText, parseField, quoted, STATUSES } from "./fields";
import type { Key } from "./tableColumns";

const MOST = 12;
const HEADS = { metric: "metrics", param: "params", tag: "tags" } as const;
const TIMES = ["now - 1h", "now - 1d", "now - 7d", "now - 30d"];

function runs(count: number): string {
  return `${count} ${count === 1 ? "run" : "runs"}`;
}

/** Those that begin so come first, then those that hold it; what is written already is not offered. */
function matching(offers: readonly Offer[], partial: string): Offer[] {
  const wanted = partial.toLowerCase();
  const ranked = offers.flatMap(offer => {
    const label = offer.label.toLowerCase();
    const at = label.indexOf(wanted);
    if (at < 0) return [];
    const begins = at === 0 || /[./_\- ]/.test(label[at - 1] ?? "");
    return [{ offer, rank: begins ? 0 : 1 }];
  });
  const found = ranked.sort((a, b) => a.rank - b.rank).map(one => one.offer);
  const only = found.length === 1 ? found[0] : undefined;
  return only && only.insert.trim() === partial ? [] : found.slice(0, MOST);
}

function fields(keys: readonly Key[]): Offer[] {
  const own = Object.entries(ATTRIBUTES)
    .filter(([, { asked }]) => asked)
    .map(([name, { title }]) => ({ label: name, insert: `${name} `, hint: title }));
  const rest = keys.map(({ kind, key, runs: count }) => {
    const text = `${HEADS[kind]}.${keyText(key)}`;
    return { label: text, insert: `${text} `, hint: runs(count) };
  });
  return [...own, ...rest];
}

export function offersAt(
  place: Place,
  keys: readonly Key[],
  values: readonly { value: string; runs: number; whole: boolean }[],
): Offer[] {
  switch (place.want) {
    case "field":
      return matching(fields(keys), place.partial);
    case "key":
      return matching(
        keys
          .filter(one => one.kind === place.of)
          .map(({ key, runs: count }) => ({ label: key, insert: `${keyText(key)} `, hint: runs(count) })),
        place.partial,
      );
    case "operator":
      return matching(
        operatorsOf(place.field).map(text => ({ label: text, insert: `${text} ` })),
        place.partial,
      );
    case "joiner":
      return matching(
        ["AND", "OR"].map(text => ({ label: text, insert: `${text} ` })),
        place.partial,
      );
    default:
      return offersOfValue(place, values);
  }
}

function offersOfValue(
  place: Place & { want: "operator" | "value" | "list" },
  values: readonly { value: string; runs: number; whole: boolean }[],
): Offer[] {
  const field = parseField(place.field);
  const after = place.want === "value" ? " " : "";
  if (field?.kind === "attribute" && field.name === "status")
    return matching(
      STATUSES.map(status => ({ label: status, insert: quoted(status) + after })),
      place.partial,
    );
  if (field?.kind === "attribute" && /_time$/.test(field.name))
    return matching(
      TIMES.map(text => ({ label: text, insert: `${text} ` })),
      place.partial,
    );
  return matching(
    values
      .filter(one => one.whole)
      .map(({ value, runs: count }) => ({
        label: value || "''",
        insert: quoted(value) + after,
        hint: runs(count),
      })),
    place.partial,
  );
}
