import { useMemo, useState } from "react";
import { type Entry, useAllFiles } from "../../api/files";
import type { Run } from "../../api/run";
import { soon } from "../../components/soon";
import { Failure, Loading, Message } from "../../components/states";
import { useParam } from "../../components/useParam";
import { formatBytes, formatCount } from "../../lib/format";
import { type FilePair, filePairs } from "../../lib/pairs";
import { FilterField } from "../run/Section";
import "./CompareFiles.css";
import "../../components/fields.css";

const FileDiff = soon(() => import("./FileDiff"));
const SHOWN = 1_000;
const WORDS: Record<FilePair["kind"], string> = {
  same: "same",
  differs: "differs",
  left: "only left",
  right: "only right",
  unknown: "not compared yet",
};

/** The files of two of the runs: which differ, and how. */
export default function CompareFiles({ runs }: { runs: readonly Run[] }) {
  const [leftId, setLeft] = useParam("left");
  const [rightId, setRight] = useParam("right");
  const [path, setPath] = useParam("file");
  const [every, setEvery] = useParam("all");
  const [wanted, setWanted] = useState("");
  const left = runs.find(run => run.id === leftId) ?? runs[0];
  const right = runs.find(run => run.id === rightId) ?? runs.find(run => run.id !== left?.id);
  const lefts = useAllFiles(left?.id ?? "", left !== undefined && right !== undefined);
  const rights = useAllFiles(right?.id ?? "", right !== undefined);
  const pairs = useMemo(
    () => filePairs(own(lefts.data?.files), own(rights.data?.files)),
    [lefts.data, rights.data],
  );
  if (left === undefined || right === undefined) return <Message title="Files are compared of two runs" />;
  const failed = lefts.error ?? rights.error;
  if (failed) return <Failure error={failed} />;
  if (lefts.data === undefined || rights.data === undefined) return <Loading />;
  const text = wanted.trim().toLowerCase();
  const found = pairs.filter(
    pair => (every !== "" || pair.kind !== "same") && pair.path.toLowerCase().includes(text),
  );
  const same = pairs.filter(pair => pair.kind === "same").length;
  const chosen = pairs.find(pair => pair.path === path);
  return (
    <div className="pairs">
      <div className="side-bar">
        <Choice label="Left run" runs={runs} value={left.id} onChoose={setLeft} />
        <span className="muted">and</span>
        <Choice label="Right run" runs={runs} value={right.id} onChoose={setRight} />
        <label className="side-check">
          <input
            type="checkbox"
            checked={every === ""}
            onChange={event => setEvery(event.target.checked ? null : "1")}
          />
          Only differences
        </label>
        <span className="muted numbers" role="status">
          {formatCount(pairs.length - same)} differ, {formatCount(same)} are the same
          {lefts.data.whole && rights.data.whole ? "" : "; of very many files, the first are compared"}
        </span>
      </div>
      <div className="pairs-body">
        <nav className="pairs-list" aria-label="Files">
          <div className="pairs-filter">
            <FilterField label="Filter files" value={wanted} onChange={setWanted} />
          </div>
          {found.length === 0 && (
            <p className="section-empty">
              {pairs.length === 0 ? "Neither run has files." : "No file to show."}
            </p>
          )}
          <ul>
            {found.slice(0, SHOWN).map(pair => (
              <li key={pair.path}>
                <button
                  type="button"
                  className="pairs-row"
                  title={`${pair.path}: ${formatBytes(pair.left?.size ?? 0)}, ${formatBytes(pair.right?.size ?? 0)}`}
                  aria-current={pair.path === path ? "true" : undefined}
                  onClick={() => setPath(pair.path)}
                >
                  <span className="truncate">{pair.path}</span>
                  <span className={`pairs-kind ${pair.kind}`}>{WORDS[pair.kind]}</span>
                </button>
              </li>
            ))}
          </ul>
          {found.length > SHOWN && (
            <p className="section-empty">And {formatCount(found.length - SHOWN)} more.</p>
          )}
        </nav>
        <div className="pairs-view">
          {chosen === undefined ? (
            <Message title="Choose a file">Texts are compared line by line, tables row by row.</Message>
          ) : (
            <FileDiff key={`${left.id} ${right.id} ${chosen.path}`} pair={chosen} left={left} right={right} />
          )}
        </div>
      </div>
    </div>
  );
}

/** The files of logged values have names of their own in each run; they are compared by key and step. */
const own = (files: readonly Entry[] = []) => files.filter(file => !/^(media|images)\/.+/.test(file.path));

interface ChoiceProps {
  label: string;
  runs: readonly Run[];
  value: string;
  onChoose: (id: string) => void;
}

function Choice({ label, runs, value, onChoose }: ChoiceProps) {
  return (
    <select
      className="select-field"
      aria-label={label}
      value={value}
      onChange={event => onChoose(event.target.value)}
    >
      {runs.map(run => (
        <option key={run.id} value={run.id}>
          {run.name || run.id}
        </option>
      ))}
    </select>
  );
}
