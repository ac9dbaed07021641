/** Lines to copy that load a run. What comes from the run is quoted, since it is run by whoever pastes it. */

export interface Snippet {
  title: string;
  lines: string;
}

export function loadSnippets(origin: string, id: string, hasMetric: string | undefined): Snippet[] {
  const key = hasMetric === undefined ? '"loss"' : pythonText(hasMetric);
  return [
    {
      title: "Assay",
      lines: [
        "import assay",
        "",
        `run = assay.runs(${pythonText(`id = '${id}'`)}, url=${pythonText(origin)}).first()`,
        `history = run.history(${key})`,
        'run.download(into="files")',
      ].join("\n"),
    },
    {
      title: "MLflow",
      lines: [
        "import mlflow",
        "",
        `mlflow.set_tracking_uri(${pythonText(origin)})`,
        `run = mlflow.get_run(${pythonText(id)})`,
        `mlflow.artifacts.download_artifacts(run_id=${pythonText(id)}, dst_path="files")`,
      ].join("\n"),
    },
    { title: "curl", lines: `curl -s ${shellText(`${origin}/api/v1/runs/${id}`)}` },
  ];
}

/** The text as Python writes it: no quote, backslash or control character in it ends the literal. */
export function pythonText(text: string): string {
  const inside = text.replace(/["\\]|[^\x20-\x7e]/gu, found => {
    if (found === '"' || found === "\\") return `\\${found}`;
    const code = found.codePointAt(0) as number;
    return code > 0xffff
      ? `\\U${code.toString(16).padStart(8, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
  return `"${inside}"`;
}

/** The text as one word of a shell. */
export function shellText(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
