/** Panels that make themselves: one for each metric, in sections by what stands before its last slash. */

export interface Section {
  /** `train` of `train/loss`; empty for metrics without a slash. */
  name: string;
  keys: string[];
}

const byName = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const SYSTEM = "system";

/** Metrics in sections; those without one come first, what the machine says of itself last. */
export function sectionsOf(keys: Iterable<string>): Section[] {
  const found = new Map<string, string[]>();
  for (const key of keys) {
    const slash = key.lastIndexOf("/");
    const name = slash > 0 ? key.slice(0, slash) : "";
    const section = found.get(name);
    if (section) section.push(key);
    else found.set(name, [key]);
  }
  const rank = (name: string) => (name === "" ? 0 : name === SYSTEM || name.startsWith(`${SYSTEM}/`) ? 2 : 1);
  return [...found]
    .map(([name, of]) => ({ name, keys: [...new Set(of)].sort(byName.compare) }))
    .sort((a, b) => rank(a.name) - rank(b.name) || byName.compare(a.name, b.name));
}

/** What is left of a metric's name below the heading of its section. */
export const titleOf = (key: string, section: string) =>
  section && key.startsWith(`${section}/`) ? key.slice(section.length + 1) : key;

/** Whether a panel's name answers a search: all its words, in any order; or a regular expression between slashes. */
export function matcher(search: string): (name: string) => boolean {
  const text = search.trim();
  if (!text) return () => true;
  if (text.length > 2 && text.startsWith("/") && text.endsWith("/")) {
    try {
      const pattern = new RegExp(text.slice(1, -1), "i");
      return name => pattern.test(name);
    } catch {
      // Half typed: what it is so far is looked for as it stands.
    }
  }
  const words = text.toLowerCase().split(/\s+/);
  return name => {
    const lower = name.toLowerCase();
    return words.every(word => lower.includes(word));
  };
}
