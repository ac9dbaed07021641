import { useState } from "react";
import { type RunDetail, useChangeRun } from "../../api/run";
import { Button } from "../../components/Button";
import { Icon } from "../../components/Icon";
import { useFocus } from "../../components/useFocus";
import { byName } from "../../lib/configs";
import { ownTags } from "../../lib/origin";
import { Section } from "./Section";
import "./Tags.css";
import "../../components/fields.css";

/** The tags that people gave. Those of clients that tell a run's origin are read in its details. */
export function Tags({ run }: { run: RunDetail }) {
  const change = useChangeRun(run.id);
  const [adding, setAdding] = useState(false);
  const [every, setEvery] = useState(false);
  const own = ownTags(run.tags);
  const shown = every ? run.tags : own;
  const hidden = Object.keys(run.tags).length - Object.keys(own).length;
  const deleted = run.lifecycle === "deleted";
  const add = (form: FormData) => {
    const name = String(form.get("name") ?? "").trim();
    if (name === "") return;
    change.mutate(
      { tags: { [name]: String(form.get("value") ?? "").trim() } },
      { onSuccess: () => setAdding(false) },
    );
  };
  return (
    <Section
      title="Tags"
      actions={
        !deleted && (
          <Button kind="quiet" aria-expanded={adding} onClick={() => setAdding(!adding)}>
            <Icon name="plus" size={13} /> Add
          </Button>
        )
      }
    >
      {adding && (
        <form action={add} className="tags-form">
          <NameField />
          <input className="text-field" name="value" aria-label="Value of the tag" placeholder="value" />
          <Button type="submit" kind="strong" disabled={change.isPending}>
            Add
          </Button>
        </form>
      )}
      {change.error && (
        <p className="run-head-failed" role="alert">
          {change.error.message}
        </p>
      )}
      {Object.keys(shown).length === 0 && !adding && <p className="section-empty">No tags.</p>}
      <ul className="tags">
        {Object.keys(shown)
          .sort(byName)
          .map(name => (
            <li key={name} className="tag">
              <span>
                <span className="tag-name">{name}</span>
                {shown[name] !== "" && <span className="tag-value">{shown[name]}</span>}
              </span>
              {!deleted && (
                <button
                  type="button"
                  aria-label={`Take away the tag ${name}`}
                  title="Take away"
                  disabled={change.isPending}
                  onClick={() => change.mutate({ tags: { [name]: null } })}
                >
                  <Icon name="close" size={10} />
                </button>
              )}
            </li>
          ))}
      </ul>
      {hidden > 0 && (
        <Button kind="quiet" className="tags-more" aria-pressed={every} onClick={() => setEvery(!every)}>
          {every ? "Only own tags" : `${hidden} more of the client's`}
        </Button>
      )}
    </Section>
  );
}

function NameField() {
  const field = useFocus<HTMLInputElement>();
  return (
    <input
      ref={field}
      className="text-field"
      name="name"
      aria-label="Name of the tag"
      placeholder="name"
      required
    />
  );
}
