import { rawUrl, useBeginning } from "../../api/files";
import { DataTable } from "../../components/DataTable";
import { formatBytes, formatCount, formatNumber } from "../../lib/format";
import { parseTable } from "../../lib/tables";
import { type LoggedValue, type Shown, shownOf } from "../../lib/values";
import { HistogramBars } from "./HistogramBars";
import JsonTree from "./JsonTree";
import { HtmlFrame } from "./Preview";

const TABLE_BYTES = 1 << 20;
const TEXT_BYTES = 128 << 10;

/** One logged value. */
export function ValueView({ run, value }: { run: string; value: LoggedValue }) {
  const shown = shownOf(value);
  switch (shown.type) {
    case "images":
      return <Images run={run} name={value.key} {...shown} />;
    case "audio":
      return shown.paths.map((path, at) => (
        <Captioned key={path} caption={shown.captions[at]}>
          {/* biome-ignore lint/a11y/useMediaCaption: what is logged has no captions */}
          <audio controls preload="none" src={rawUrl(run, path)} aria-label={value.key} />
        </Captioned>
      ));
    case "video":
      return shown.paths.map((path, at) => (
        <Captioned key={path} caption={shown.captions[at]}>
          {/* biome-ignore lint/a11y/useMediaCaption: what is logged has no captions */}
          <video controls preload="metadata" src={rawUrl(run, path)} aria-label={value.key} />
        </Captioned>
      ));
    case "html":
      return (
        <div className="values-html">
          <HtmlFrame id={run} path={shown.path} />
        </div>
      );
    case "text":
      return <Text run={run} shown={shown} />;
    case "table":
      return <Table run={run} name={value.key} shown={shown} />;
    case "histogram":
      return <HistogramBars {...shown} label={value.key} />;
    default:
      return <Other run={run} shown={shown} />;
  }
}

function Images({
  run,
  name,
  paths,
  captions,
}: {
  run: string;
  name: string;
  paths: string[];
  captions: string[];
}) {
  return paths.map((path, at) => (
    // By their place, so that a picture stays until the next one is there.
    // biome-ignore lint/suspicious/noArrayIndexKey: as said above
    <Captioned key={at} caption={captions[at]}>
      <a href={rawUrl(run, path)} target="_blank" rel="noreferrer" title="Open it by itself">
        <img src={rawUrl(run, path)} alt={captions[at] || name} loading="lazy" decoding="async" />
      </a>
    </Captioned>
  ));
}

function Captioned({ caption, children }: { caption?: string; children: React.ReactNode }) {
  return (
    <div className="values-media">
      {children}
      {caption && <p className="muted">{caption}</p>}
    </div>
  );
}

function Text({ run, shown }: { run: string; shown: Extract<Shown, { type: "text" }> }) {
  const { data } = useBeginning(run, shown.path ?? "", TEXT_BYTES, shown.path !== undefined);
  return (
    <div className="values-text">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <pre tabIndex={0}>{data?.text ?? shown.text}</pre>
      {data && !data.whole && <p className="muted">The beginning of {formatBytes(data.size)}.</p>}
    </div>
  );
}

function Table({
  run,
  name,
  shown,
}: {
  run: string;
  name: string;
  shown: Extract<Shown, { type: "table" }>;
}) {
  const { data, error } = useBeginning(run, shown.path, TABLE_BYTES);
  if (error) return <p className="muted">{error.message}</p>;
  if (data === undefined) return <p className="muted">Loading…</p>;
  const table = parseTable(data.text);
  if (table === undefined) return <p className="muted">{shown.path} holds no table that can be shown.</p>;
  return (
    <div className="values-table">
      <DataTable table={table} label={name} />
      {!data.whole && (
        <p className="muted numbers">
          The first {formatCount(table.rows.length)}
          {shown.rows === undefined ? " rows." : ` of ${formatCount(shown.rows)} rows.`}
        </p>
      )}
    </div>
  );
}

function Other({ run, shown }: { run: string; shown: Extract<Shown, { type: "other" }> }) {
  const { document, path } = shown;
  if (typeof document === "string" || typeof document === "number" || typeof document === "boolean") {
    return (
      <p className="numbers">{typeof document === "number" ? formatNumber(document, 6) : String(document)}</p>
    );
  }
  return (
    <div className="values-other">
      <JsonTree value={document} />
      {path && (
        <a className="muted" href={rawUrl(run, path)} target="_blank" rel="noreferrer">
          {path}
        </a>
      )}
    </div>
  );
}
