import { useMemo, useState } from "react";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Icon } from "../../components/Icon";
import { SearchField } from "../../components/SearchField";
import { type Aggregate, ATTRIBUTES, type Field, fieldText, fieldTitle, NOTE_KEY } from "../../lib/fields";
import { type Column, column, type Key, moved, ordered, withColumn } from "../../lib/tableColumns";
import "./ColumnManager.css";

interface Props {
  columns: readonly Column[];
  keys: readonly Key[];
  onColumns: (columns: Column[] | null) => void;
  onClose: () => void;
}

const AGGREGATES: readonly Aggregate[] = ["last", "min", "max"];
const SHOWN = 300;

/** Which columns there are: on the left all that can be shown, on the right those that are, in their order. */
export function ColumnManager({ columns, keys, onColumns, onClose }: Props) {
  const [search, setSearch] = useState("");
  const shown = new Set(columns.map(one => one.text));
  const sections = useMemo(() => sectionsOf(keys), [keys]);
  const wanted = search.toLowerCase();
  const toggle = (text: string) => {
    if (shown.has(text)) onColumns(withColumn(columns, text, null));
    else {
      const one = column(text);
      if (one) onColumns([...columns, one]);
    }
  };
  return (
    <Dialog
      title="Columns"
      wide
      onClose={onClose}
      foot={<Button onClick={() => onColumns(null)}>As at first</Button>}
    >
      <div className="columns">
        <section className="columns-side" aria-label="All columns">
          <SearchField value={search} onChange={setSearch} label="Find a column" autoFocus />
          <div className="columns-list">
            {sections.map(({ title, fields }) => {
              const found = fields.filter(field => fieldTitle(field).toLowerCase().includes(wanted));
              if (!found.length) return null;
              return (
                <fieldset key={title} className="columns-section">
                  <legend>{title}</legend>
                  {found.slice(0, SHOWN).map(field => (
                    <Choice key={fieldText(field)} field={field} shown={shown} toggle={toggle} />
                  ))}
                  {found.length > SHOWN && (
                    <p className="muted">And {found.length - SHOWN} more: search for them.</p>
                  )}
                </fieldset>
              );
            })}
          </div>
        </section>
        <section className="columns-side" aria-label="Columns shown">
          <h3>{columns.length} shown</h3>
          <ul className="columns-list">
            {columns.map((one, at) => (
              <li key={one.text} className="columns-shown">
                <Button
                  kind="quiet"
                  icon
                  pressed={one.pinned}
                  aria-label={`Pin ${one.text}`}
                  title={one.pinned ? "Unpin" : "Pin to the left"}
                  onClick={() => onColumns(ordered(withColumn(columns, one.text, { pinned: !one.pinned })))}
                >
                  <Icon name="pin" size={13} />
                </Button>
                <span className="truncate" title={one.text}>
                  {fieldTitle(one.field)}
                </span>
                <Button
                  kind="quiet"
                  icon
                  disabled={at === 0}
                  aria-label={`Move ${one.text} up`}
                  onClick={() => onColumns(moved(columns, one.text, columns[at - 1]?.text ?? null))}
                >
                  <Icon name="up" size={13} />
                </Button>
                <Button
                  kind="quiet"
                  icon
                  disabled={at === columns.length - 1}
                  aria-label={`Move ${one.text} down`}
                  onClick={() => onColumns(moved(columns, one.text, columns[at + 2]?.text ?? null))}
                >
                  <Icon name="down" size={13} />
                </Button>
                <Button
                  kind="quiet"
                  icon
                  disabled={one.text === "name"}
                  aria-label={`Hide ${one.text}`}
                  onClick={() => onColumns(withColumn(columns, one.text, null))}
                >
                  <Icon name="close" size={13} />
                </Button>
              </li>
            ))}
          </ul>
        </section>
      </div>
    </Dialog>
  );
}

function sectionsOf(keys: readonly Key[]): { title: string; fields: Field[] }[] {
  const of = (kind: Key["kind"]) => keys.filter(one => one.kind === kind).map(one => one.key);
  return [
    {
      title: "Attributes",
      fields: [
        ...Object.keys(ATTRIBUTES).map(name => ({ kind: "attribute", name }) as Field),
        { kind: "tag", key: NOTE_KEY },
      ],
    },
    {
      title: "Metrics",
      fields: of("metric").map(key => ({ kind: "metric", key, aggregate: "last" }) as const),
    },
    { title: "Params", fields: of("param").map(key => ({ kind: "param", key }) as const) },
    {
      title: "Tags",
      fields: of("tag")
        .filter(key => key !== NOTE_KEY)
        .map(key => ({ kind: "tag", key }) as const),
    },
  ];
}

/** A field that can be shown; a metric as its last value, its minimum or its maximum. */
function Choice({
  field,
  shown,
  toggle,
}: {
  field: Field;
  shown: ReadonlySet<string>;
  toggle: (text: string) => void;
}) {
  if (field.kind !== "metric") {
    const text = fieldText(field);
    return (
      <label className="columns-choice">
        <input
          type="checkbox"
          checked={shown.has(text)}
          disabled={text === "name"}
          onChange={() => toggle(text)}
        />
        <span className="truncate">{fieldTitle(field)}</span>
      </label>
    );
  }
  return (
    <div className="columns-choice">
      <span className="truncate" title={field.key}>
        {field.key}
      </span>
      {AGGREGATES.map(aggregate => {
        const text = fieldText({ ...field, aggregate });
        return (
          <label key={aggregate} className="columns-aggregate">
            <input
              type="checkbox"
              aria-label={`${aggregate} of ${field.key}`}
              checked={shown.has(text)}
              onChange={() => toggle(text)}
            />
            {aggregate}
          </label>
        );
      })}
    </div>
  );
}
