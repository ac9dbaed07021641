import { useState } from "react";
import "./JsonTree.css";

const SHOWN = 200;

/** A JSON document that is opened level by level; of long lists, the first. */
export default function JsonTree({ value }: { value: unknown }) {
  return (
    <div className="json">
      <Node value={value} open />
    </div>
  );
}

function Node({ name, value, open = false }: { name?: string; value: unknown; open?: boolean }) {
  const [most, setMost] = useState(SHOWN);
  const [isOpen, setOpen] = useState(open);
  const label = name === undefined ? null : <span className="json-name">{name}: </span>;
  if (typeof value !== "object" || value === null) {
    const kind = value === null ? "null" : typeof value;
    return (
      <div className="json-leaf">
        {label}
        <span className={`json-${kind}`}>{JSON.stringify(value)}</span>
      </div>
    );
  }
  const entries = Object.entries(value);
  const size = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  return (
    <details open={isOpen} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>
        {label}
        <span className="muted">{size}</span>
      </summary>
      {isOpen && (
        <div className="json-below">
          {entries.slice(0, most).map(([key, item]) => (
            <Node key={key} name={key} value={item} open={name === undefined && entries.length <= 30} />
          ))}
          {entries.length > most && (
            <button type="button" className="button quiet" onClick={() => setMost(most + 1_000)}>
              {entries.length - most} more
            </button>
          )}
        </div>
      )}
    </details>
  );
}
