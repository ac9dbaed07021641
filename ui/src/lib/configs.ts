/** Params as a tree, and side by side. */

/** A name of the tree: a value, names below it, or both. `path` is the param's key. */
export interface Branch {
  name: string;
  path: string;
  value?: string;
  children: Branch[];
}

const collator = new Intl.Collator("en", { numeric: true });

/** Keys in the order in which people count: `layer2` comes before `layer10`. */
export function byName(one: string, other: string): number {
  return collator.compare(one, other) || (one < other ? -1 : one > other ? 1 : 0);
}

/** The params by the parts of their keys. A name with one name below it and no value of its own becomes one with it. */
export function paramTree(params: Readonly<Record<string, string>>): Branch[] {
  const root: Branch = { name: "", path: "", children: [] };
  const known = new Map<string, Branch>([["", root]]);
  for (const key of Object.keys(params).sort(byName)) {
    let at = root;
    for (const [name, path] of parts(key)) {
      let next = known.get(path);
      if (next === undefined) {
        next = { name, path, children: [] };
        known.set(path, next);
        at.children.push(next);
      }
      at = next;
    }
    at.value = params[key];
  }
  return root.children.map(joined);
}

/** Each part of the key with what separates it from the one before, and the key up to there. */
function parts(key: string): [name: string, path: string][] {
  const names = key.split(/(?<=[./])/);
  // A key that begins or ends with a separator, or has two in a row, is a name that happens to hold one.
  if (names.some(name => /^[./]$/.test(name)) || /[./]$/.test(key)) return [[key, key]];
  let path = "";
  return names.map(name => {
    path += name;
    return [name.replace(/[./]$/, ""), path.replace(/[./]$/, "")];
  });
}

function joined(branch: Branch): Branch {
  const children = branch.children.map(joined);
  const only = children[0];
  if (only !== undefined && children.length === 1 && branch.value === undefined) {
    return { ...only, name: `${branch.name}${only.path[branch.path.length]}${only.name}` };
  }
  return { ...branch, children };
}

/** What a value is titled with that stands among the defaults. */
export const DEFAULTED = "Nobody set this: it is the default";

/** The params that somebody set. */
export function chosen(
  params: Readonly<Record<string, string>>,
  defaulted: ReadonlySet<string>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(params).filter(([key]) => !defaulted.has(key)));
}

/** What of the tree has the text in its key or value, with all above it and all below a name that has it. */
export function filterTree(tree: readonly Branch[], text: string): Branch[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [...tree];
  return tree.flatMap(branch => {
    if (branch.path.toLowerCase().includes(wanted)) return [branch];
    const children = filterTree(branch.children, text);
    if (children.length > 0) return [{ ...branch, children }];
    return branch.value?.toLowerCase().includes(wanted) ? [{ ...branch, children: [] }] : [];
  });
}

/** What several runs have under a key; undefined where one has nothing. */
export interface Compared<T> {
  key: string;
  values: (T | undefined)[];
  differs: boolean;
}

/** A row for each key that any of them has, in the order of the keys. */
export function sideBySide<T>(
  records: readonly Readonly<Record<string, T>>[],
  same: (one: T, other: T) => boolean = Object.is,
): Compared<T>[] {
  const keys = new Set(records.flatMap(record => Object.keys(record)));
  return [...keys].sort(byName).map(key => {
    const values = records.map(record => (Object.hasOwn(record, key) ? record[key] : undefined));
    const first = values[0];
    const differs = values.some(value =>
      value === undefined || first === undefined ? value !== first : !same(value, first),
    );
    return { key, values, differs };
  });
}
