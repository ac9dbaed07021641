/** How a request is written. */

/** What stands for the `{names}` of a path. */
export type Filled = Record<string, string | number>;

/** What stands in the query: an absent value is left out, a list is given once for each. */
export type Query = Record<
  string,
  string | number | boolean | readonly (string | number)[] | null | undefined
>;

/** The address of a path with its names and query filled in; `{path}` is that of a file and keeps its slashes. */
export function address(template: string, path: Filled = {}, query: Query = {}): string {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(path[name] ?? "");
    return name === "path" ? value.split("/").map(encodeURIComponent).join("/") : encodeURIComponent(value);
  });
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) asked.append(name, String(one));
  }
  const text = asked.toString();
  return text ? `${filled}?${text}` : filled;
}
