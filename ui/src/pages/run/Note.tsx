import { useState } from "react";
import { type RunDetail, useChangeRun } from "../../api/run";
import { Button } from "../../components/Button";
import { Icon } from "../../components/Icon";
import { Markdown } from "../../components/Markdown";
import { useFocus } from "../../components/useFocus";
import { Section } from "./Section";
import "../../components/fields.css";

/** The run's note, in Markdown, edited in its place. */
export function Note({ run }: { run: RunDetail }) {
  const change = useChangeRun(run.id);
  const [draft, setDraft] = useState<string | null>(null);
  const deleted = run.lifecycle === "deleted";
  const save = () => change.mutate({ note: draft || null }, { onSuccess: () => setDraft(null) });
  return (
    <Section
      title="Note"
      actions={
        draft === null &&
        !deleted && (
          <Button kind="quiet" onClick={() => setDraft(run.note)}>
            <Icon name="edit" size={13} /> {run.note ? "Edit" : "Write"}
          </Button>
        )
      }
    >
      {draft === null && run.note && <Markdown text={run.note} />}
      {draft === null && !run.note && <p className="section-empty">What should people know of this run?</p>}
      {draft !== null && (
        <Writing
          draft={draft}
          busy={change.isPending}
          error={change.error}
          onDraft={setDraft}
          onSave={save}
          onCancel={() => setDraft(null)}
        />
      )}
    </Section>
  );
}

interface WritingProps {
  draft: string;
  busy: boolean;
  error: Error | null;
  onDraft: (text: string) => void;
  onSave: () => void;
  onCancel: () => void;
}

function Writing({ draft, busy, error, onDraft, onSave, onCancel }: WritingProps) {
  const field = useFocus<HTMLTextAreaElement>();
  return (
    <>
      <textarea
        ref={field}
        className="text-field"
        aria-label="Note, in Markdown"
        rows={8}
        value={draft}
        onChange={event => onDraft(event.target.value)}
        onKeyDown={event => {
          if (event.key === "Escape") onCancel();
          if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) onSave();
        }}
      />
      {error && (
        <p className="run-head-failed" role="alert">
          {error.message}
        </p>
      )}
      <div className="note-acts">
        <span className="muted">Markdown. Ctrl+Enter saves.</span>
        <Button onClick={onCancel}>Cancel</Button>
        <Button kind="strong" disabled={busy} onClick={onSave}>
          Save
        </Button>
      </div>
    </>
  );
}
