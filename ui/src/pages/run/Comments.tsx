import { useState } from "react";
import { Link } from "wouter";
import { type Comment, useCommenting, useComments } from "../../api/comments";
import type { RunDetail } from "../../api/run";
import { Button } from "../../components/Button";
import { Byline } from "../../components/Byline";
import { Markdown } from "../../components/Markdown";
import { Failure, Loading, Message } from "../../components/states";
import { byName } from "../../lib/configs";
import { saidBy } from "../../lib/flags";
import { formatCount } from "../../lib/format";
import { encodeSettings, SETTINGS } from "../../lib/settings";
import { useNowUs } from "./useNow";
import "./Comments.css";
import "../../components/fields.css";

/** What people said about the run, its metrics and their steps. */
export default function Comments({ run }: { run: RunDetail }) {
  const { data, error, refetch } = useComments(run.id);
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (data === undefined) return <Loading />;
  return (
    <div className="comments">
      {data.length === 0 && (
        <Message title="No comments yet">Say what you saw: on the run, or on a metric at a step.</Message>
      )}
      <ol>
        {data.map(comment => (
          <li key={comment.id}>
            <One run={run.id} comment={comment} />
          </li>
        ))}
      </ol>
      {run.lifecycle !== "deleted" && <Form run={run} />}
    </div>
  );
}

function One({ run, comment }: { run: string; comment: Comment }) {
  const { edit, remove } = useCommenting(run);
  const [draft, setDraft] = useState<string | null>(null);
  const nowUs = useNowUs(60_000);
  const failed = edit.error ?? remove.error;
  const save = (text: string) => edit.mutate({ id: comment.id, text }, { onSuccess: () => setDraft(null) });
  return (
    <article className="comment" aria-label={`Comment of ${saidBy(comment).author}`}>
      <header>
        <Byline of={comment} nowUs={nowUs} />
        {comment.key !== null && <Place run={run} of={comment} />}
        {comment.may_change && draft === null && (
          <span className="comment-acts">
            <Button kind="quiet" onClick={() => setDraft(comment.text)}>
              Edit
            </Button>
            <Button kind="quiet" disabled={remove.isPending} onClick={() => remove.mutate(comment.id)}>
              Delete
            </Button>
          </span>
        )}
      </header>
      {failed && (
        <p className="comments-failed" role="alert">
          {failed.message}
        </p>
      )}
      {draft === null ? (
        <Markdown text={comment.text} />
      ) : (
        <Writing
          label="Edit the comment"
          text={draft}
          onText={setDraft}
          busy={edit.isPending}
          act="Save"
          onAct={save}
        >
          <Button onClick={() => setDraft(null)}>Cancel</Button>
        </Writing>
      )}
    </article>
  );
}

/** Which metric and step a comment is about; it leads to the chart. */
function Place({ run, of }: { run: string; of: Comment }) {
  const panels = encodeSettings({ ...SETTINGS, search: of.key ?? "" });
  return (
    <Link className="comment-place" to={`/runs/${run}?${new URLSearchParams({ tab: "charts", panels })}`}>
      {of.key}
      {of.step !== null && <span className="numbers"> at step {formatCount(of.step)}</span>}
    </Link>
  );
}

function Form({ run }: { run: RunDetail }) {
  const { add } = useCommenting(run.id);
  const [text, setText] = useState("");
  const [key, setKey] = useState("");
  const [step, setStep] = useState("");
  const keys = Object.keys(run.metrics).sort(byName);
  const save = (said: string) =>
    add.mutate(
      { text: said, ...(key && { key }), ...(key && step !== "" && { step: Math.trunc(Number(step)) }) },
      {
        onSuccess: () => {
          setText("");
          setStep("");
        },
      },
    );
  return (
    <section className="comments-form" aria-label="New comment">
      <Writing
        label="Write a comment"
        text={text}
        onText={setText}
        busy={add.isPending}
        act="Comment"
        onAct={save}
      >
        <label>
          <span className="muted">on</span>
          <select
            className="select-field"
            value={key}
            aria-label="Metric"
            onChange={event => setKey(event.target.value)}
          >
            <option value="">the run</option>
            {keys.map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        {key !== "" && (
          <label>
            <span className="muted">at step</span>
            <input
              type="number"
              className="text-field comments-step"
              aria-label="Step"
              placeholder="any"
              value={step}
              onChange={event => setStep(event.target.value)}
            />
          </label>
        )}
      </Writing>
      {add.error && (
        <p className="comments-failed" role="alert">
          {add.error.message}
        </p>
      )}
    </section>
  );
}

interface WritingProps {
  label: string;
  text: string;
  act: string;
  busy: boolean;
  children: React.ReactNode;
  onText: (text: string) => void;
  onAct: (text: string) => void;
}

function Writing({ label, text, act, busy, children, onText, onAct }: WritingProps) {
  const ready = text.trim() !== "" && !busy;
  return (
    <>
      <textarea
        className="text-field"
        aria-label={label}
        placeholder="Markdown. Ctrl+Enter sends."
        value={text}
        onChange={event => onText(event.target.value)}
        onKeyDown={event => {
          if (ready && event.key === "Enter" && (event.metaKey || event.ctrlKey)) onAct(text);
        }}
      />
      <div className="comments-acts">
        {children}
        <Button kind="strong" disabled={!ready} onClick={() => onAct(text)}>
          {act}
        </Button>
      </div>
    </>
  );
}
