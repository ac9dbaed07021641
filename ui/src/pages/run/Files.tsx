import { useState } from "react";
import { type Entry, fileUrl, useFolder } from "../../api/files";
import type { RunDetail } from "../../api/run";
import { Icon } from "../../components/Icon";
import { Failure, Loading, Message } from "../../components/states";
import { useParam } from "../../components/useParam";
import { formatBytes } from "../../lib/format";
import { mediaKind, splitPath } from "../../lib/media";
import { Preview } from "./Preview";
import "./Files.css";

/** The files of a run: the tree on the left, the one that `?file=` names on the right. */
export default function Files({ run }: { run: RunDetail }) {
  const [chosen, setChosen] = useParam("file");
  const { data, error, refetch } = useFolder(run.id, "");
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (data === undefined) return <Loading />;
  if (data.length === 0) {
    return (
      <Message title="No files">
        Log one with <code>run.log_file("model.bin")</code>, or from MLflow with{" "}
        <code>mlflow.log_artifact(…)</code>.
      </Message>
    );
  }
  return (
    <div className="files">
      <nav className="files-tree" aria-label="Files">
        <Folder id={run.id} entries={data} depth={0} chosen={chosen} onChoose={setChosen} />
      </nav>
      <div className="files-view">
        {chosen === "" ? (
          <Message title="Choose a file">
            Text, tables, images, sound, film, Markdown, PDF and HTML are shown here.
          </Message>
        ) : (
          <Shown key={chosen} id={run.id} path={chosen} />
        )}
      </div>
    </div>
  );
}

interface FolderProps {
  id: string;
  entries: readonly Entry[];
  depth: number;
  chosen: string;
  onChoose: (path: string) => void;
}

function Folder({ id, entries, depth, chosen, onChoose }: FolderProps) {
  const [most, setMost] = useState(500);
  return (
    <ul>
      {entries.slice(0, most).map(entry => (
        <Item key={entry.path} entry={entry} {...{ id, entries, depth, chosen, onChoose }} />
      ))}
      {entries.length > most && (
        <li>
          <button
            type="button"
            className="files-row"
            style={indent(depth)}
            onClick={() => setMost(most + 2_000)}
          >
            <span className="files-name muted">{entries.length - most} more…</span>
          </button>
        </li>
      )}
    </ul>
  );
}

const indent = (depth: number) => ({ paddingLeft: 10 + 16 * depth });

function Item({ entry, id, depth, chosen, onChoose }: FolderProps & { entry: Entry }) {
  const [open, setOpen] = useState(chosen.startsWith(`${entry.path}/`));
  const [, name] = splitPath(entry.path);
  const isChosen = entry.path === chosen;
  return (
    <li>
      <button
        type="button"
        className="files-row"
        style={indent(depth)}
        title={entry.path}
        aria-expanded={entry.is_folder ? open : undefined}
        aria-current={isChosen ? "true" : undefined}
        onClick={() => (entry.is_folder ? setOpen(!open) : onChoose(entry.path))}
      >
        <Icon name={entry.is_folder ? (open ? "down" : "right") : iconOf(entry.path)} size={13} />
        <span className="files-name truncate">{name}</span>
        {!entry.is_folder && <span className="files-size numbers">{formatBytes(entry.size)}</span>}
      </button>
      {entry.is_folder && open && <Below {...{ id, depth, chosen, onChoose }} path={entry.path} />}
    </li>
  );
}

function Below({ path, depth, ...rest }: Omit<FolderProps, "entries"> & { path: string }) {
  const { data, error } = useFolder(rest.id, path);
  if (error) return <p className="files-note">{error.message}</p>;
  if (data === undefined) return <p className="files-note">Loading…</p>;
  return <Folder entries={data} depth={depth + 1} {...rest} />;
}

function iconOf(path: string) {
  const kind = mediaKind(path);
  return kind === "image" ? "image" : kind === "table" ? "table" : "file";
}

function Shown({ id, path }: { id: string; path: string }) {
  const [folder, name] = splitPath(path);
  const { data } = useFolder(id, folder);
  const entry = data?.find(one => one.path === path);
  return (
    <>
      <header className="files-head">
        <h2 className="truncate" title={path}>
          {name}
        </h2>
        {entry && <span className="muted numbers">{formatBytes(entry.size)}</span>}
        <a className="button" href={fileUrl(id, path)} download={name}>
          <Icon name="download" size={14} /> Download
        </a>
      </header>
      {data !== undefined && entry === undefined ? (
        <Message title="There is no such file">It may have been deleted or moved.</Message>
      ) : (
        <Preview id={id} path={path} size={entry?.size} />
      )}
    </>
  );
}
