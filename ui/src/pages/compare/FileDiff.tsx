import { diffLines } from "diff";
import { useMemo } from "react";
import { useBeginning, useTable } from "../../api/files";
import type { Run } from "../../api/run";
import { ScrollBox } from "../../components/ScrollBox";
import { Failure, Loading, Message } from "../../components/states";
import { formatBytes, formatCount } from "../../lib/format";
import { mediaKind } from "../../lib/media";
import type { FilePair } from "../../lib/pairs";
import type { TableData } from "../../lib/tableDiff";
import { parseTable } from "../../lib/tables";
import { type DiffRow, diffCounts, diffRows, type Side } from "../../lib/textDiff";
import { Preview } from "../run/Preview";
import { TableDiffView } from "./TableDiffView";

const TEXT_BYTES = 512 << 10;
const ROWS = 1_000;
/** Beyond so many changed lines the search for the fewest changes would take long. */
const EDITS = 20_000;

interface Props {
  pair: FilePair;
  left: Run;
  right: Run;
}

/** A file of two runs: what is different in it, or both beside each other. */
export default function FileDiff({ pair, left, right }: Props) {
  const kind = mediaKind(pair.path);
  if (pair.left === undefined || pair.right === undefined) {
    const owner = pair.left === undefined ? right : left;
    return (
      <>
        <p className="preview-note">Only {owner.name || owner.id} has this file.</p>
        <Preview id={owner.id} path={pair.path} size={(pair.left ?? pair.right)?.size} />
      </>
    );
  }
  if (kind === "table") return <Tables pair={pair} left={left} right={right} />;
  if (kind === "text" || kind === "json" || kind === "markdown" || kind === "html") {
    return <Texts pair={pair} left={left} right={right} />;
  }
  return (
    <div className="diff">
      <div className="diff-both">
        {[left, right].map((run, at) => (
          <div key={run.id}>
            <p className="preview-note">{run.name || run.id}</p>
            <Preview id={run.id} path={pair.path} size={(at === 0 ? pair.left : pair.right)?.size} />
          </div>
        ))}
      </div>
    </div>
  );
}

function Tables({ pair, left, right }: Props) {
  const one = useTable(left.id, pair.path, ROWS);
  const other = useTable(right.id, pair.path, ROWS);
  const failed = one.error ?? other.error;
  if (failed) return <Failure error={failed} />;
  if (one.data === undefined || other.data === undefined) return <Loading what="Reading the tables" />;
  const data = (of: typeof one.data): TableData => ({
    columns: of.columns.map(column => column.name),
    rows: of.rows,
  });
  return (
    <>
      {(one.data.more || other.data.more) && (
        <p className="preview-note">The first {formatCount(ROWS)} rows of each are compared.</p>
      )}
      <TableDiffView before={data(one.data)} after={data(other.data)} />
    </>
  );
}

function Texts({ pair, left, right }: Props) {
  const one = useBeginning(left.id, pair.path, TEXT_BYTES);
  const other = useBeginning(right.id, pair.path, TEXT_BYTES);
  const before = one.data;
  const after = other.data;
  const found = useMemo(() => {
    if (before === undefined || after === undefined) return undefined;
    const tables = [parseTable(before.text), parseTable(after.text)] as const;
    if (before.whole && after.whole && tables[0] && tables[1]) return { before: tables[0], after: tables[1] };
    return diffLines(before.text, after.text, { maxEditLength: EDITS }) ?? null;
  }, [before, after]);
  const failed = one.error ?? other.error;
  if (failed) return <Failure error={failed} />;
  if (before === undefined || after === undefined || found === undefined) return <Loading />;
  if (found === null) return <Message title="They have too little in common to be compared line by line" />;
  if ("before" in found) return <TableDiffView before={found.before} after={found.after} />;
  const { added, removed } = diffCounts(found);
  const cut =
    before.whole && after.whole ? "" : ` The first ${formatBytes(TEXT_BYTES)} of each are compared.`;
  return (
    <>
      <p className="preview-note numbers">
        {added + removed === 0
          ? "The texts are the same."
          : `Lines only left: ${formatCount(removed)}. Only right: ${formatCount(added)}.`}
        {cut}
      </p>
      <ScrollBox className="diff">
        <table className="diff-text" aria-label={`Differences of ${pair.path}`}>
          <tbody>
            {diffRows(found).map((row, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a row has no other name than its place
              <Row key={at} row={row} />
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </>
  );
}

function Row({ row }: { row: DiffRow }) {
  if (row.kind === "skipped") {
    return (
      <tr>
        <td colSpan={4} className="diff-skipped">
          {formatCount(row.count)} equal lines
        </td>
      </tr>
    );
  }
  const changed = row.kind === "changed";
  return (
    <tr>
      <Cells side={row.left} look={changed ? "removed" : ""} />
      <Cells side={row.right} look={changed ? "added" : ""} />
    </tr>
  );
}

function Cells({ side, look }: { side: Side | null; look: string }) {
  if (side === null) {
    return (
      <>
        <td className="diff-number nothing" />
        <td className="nothing" />
      </>
    );
  }
  return (
    <>
      <td className={`diff-number ${look}`}>{side.number}</td>
      <td className={look}>
        {look === "removed" && <span className="visually-hidden">only left: </span>}
        {look === "added" && <span className="visually-hidden">only right: </span>}
        {side.text}
      </td>
    </>
  );
}
