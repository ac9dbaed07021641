/** How a file is shown, by its name. What its bytes are the server says; this only chooses the viewer. */

export type MediaKind =
  | "audio"
  | "html"
  | "image"
  | "json"
  | "markdown"
  | "none"
  | "pdf"
  | "table"
  | "text"
  | "video";

const KINDS: [MediaKind, string][] = [
  ["audio", "wav mp3 flac ogg oga opus m4a"],
  ["html", "html htm"],
  ["image", "png jpg jpeg gif webp bmp svg avif ico"],
  ["json", "json geojson ipynb jsonld"],
  ["markdown", "md markdown"],
  ["pdf", "pdf"],
  ["table", "csv tsv parquet arrow feather"],
  [
    "text",
    "txt log yaml yml toml ini cfg conf env py pyi r jl sh bash zsh sql js mjs ts tsx jsx css scss xml c h cc cpp hpp rs go java kt scala " +
      "jsonl ndjson diff patch lock properties rst tex dockerfile makefile mlmodel gitignore prompt",
  ],
  ["video", "mp4 webm mov m4v ogv"],
];

const BY_SUFFIX = new Map(
  KINDS.flatMap(([kind, suffixes]) => suffixes.split(" ").map(suffix => [suffix, kind] as const)),
);
const NAMES = new Set(["mlmodel", "makefile", "dockerfile", "license", "readme", "requirements", "procfile"]);

/** The kind of viewer for a file of this path. */
export function mediaKind(path: string): MediaKind {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const dot = name.lastIndexOf(".");
  if (dot < 0) return NAMES.has(name) ? "text" : "none";
  return BY_SUFFIX.get(name.slice(dot + 1)) ?? "none";
}

/** The path with each part encoded for an address. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** The folder that a path lies in, and its name. */
export function splitPath(path: string): [folder: string, name: string] {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? ["", path] : [path.slice(0, slash), path.slice(slash + 1)];
}
