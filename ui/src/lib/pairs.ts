/** The files of two runs, path by path. */

export interface FileOf {
  path: string;
  size: number;
  blake3?: string | null;
}

export interface FilePair {
  path: string;
  left?: FileOf;
  right?: FileOf;
  /** `unknown`: both have it, of one size, and the digest of one is not known yet. */
  kind: "same" | "differs" | "left" | "right" | "unknown";
}

/** Every path that either has, in order. */
export function filePairs(left: readonly FileOf[], right: readonly FileOf[]): FilePair[] {
  const lefts = new Map(left.map(file => [file.path, file]));
  const rights = new Map(right.map(file => [file.path, file]));
  const paths = [...new Set([...lefts.keys(), ...rights.keys()])].sort();
  return paths.map(path => {
    const one = lefts.get(path);
    const other = rights.get(path);
    return { path, left: one, right: other, kind: kindOf(one, other) };
  });
}

function kindOf(one: FileOf | undefined, other: FileOf | undefined): FilePair["kind"] {
  if (one === undefined) return "right";
  if (other === undefined) return "left";
  if (one.size !== other.size) return "differs";
  if (!one.blake3 || !other.blake3) return "unknown";
  return one.blake3 === other.blake3 ? "same" : "differs";
}
