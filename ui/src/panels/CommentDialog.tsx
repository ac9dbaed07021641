import { useEffect, useRef, useState } from "react";
import { ApiError } from "../api/client";
import { useCommenting } from "../api/comments";
import type { Place } from "../charts/cursor";
import type { Shown } from "../charts/line";
import { Button } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { useGrid } from "./grid";
import "../components/fields.css";

interface Props {
  traces: readonly Shown[];
  /** Where it is to stand, if that is known. */
  place: Place | null;
  close(): void;
}

/** A comment on a step of one of the lines that are drawn. */
export function CommentDialog({ traces, place, close }: Props) {
  const { names } = useGrid();
  const [line, setLine] = useState<{ run: string; key: string }>(
    place ?? { run: traces[0]?.run ?? "", key: traces[0]?.key ?? "" },
  );
  const [step, setStep] = useState(place ? String(place.step) : "");
  const [text, setText] = useState("");
  const { add } = useCommenting(line.run);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>(place ? "textarea" : "select")?.focus();
  }, [place]);
  const runs = [...new Set(traces.flatMap(trace => trace.run ?? []))];
  const keysOf = (run: string) => [
    ...new Set(traces.filter(trace => trace.run === run).map(({ key }) => key)),
  ];
  const keys = keysOf(line.run);
  const at = step.trim() === "" ? Number.NaN : Number(step);
  const ready = Number.isSafeInteger(at) && text.trim() !== "" && !add.isPending;
  const leave = () => form.current?.closest("dialog")?.close(); // the focus goes back to where it came from
  const save = () => {
    if (ready) add.mutate({ text, key: line.key, step: at }, { onSuccess: leave });
  };
  return (
    <Dialog
      title="Comment on a step"
      onClose={close}
      foot={
        <>
          <Button onClick={leave}>Cancel</Button>
          <Button kind="strong" disabled={!ready} onClick={save}>
            Save
          </Button>
        </>
      }
    >
      <form
        ref={form}
        className="form"
        onSubmit={event => {
          event.preventDefault();
          save();
        }}
      >
        <label className="field-label">
          Run
          <select
            className="select-field"
            value={line.run}
            onChange={({ target: { value: run } }) => {
              const of = keysOf(run);
              setLine({ run, key: of.includes(line.key) ? line.key : (of[0] ?? "") });
            }}
          >
            {runs.map(run => (
              <option key={run} value={run}>
                {names.label(run)}
              </option>
            ))}
          </select>
        </label>
        <label className="field-label">
          Metric
          <select
            className="select-field"
            value={line.key}
            onChange={event => setLine({ ...line, key: event.target.value })}
          >
            {keys.map(key => (
              <option key={key}>{key}</option>
            ))}
          </select>
        </label>
        <label className="field-label">
          Step
          <input
            type="number"
            step={1}
            className="text-field"
            value={step}
            onChange={event => setStep(event.target.value)}
          />
        </label>
        <label className="field-label">
          Comment
          <textarea
            className="text-field"
            placeholder="Markdown. Ctrl+Enter saves."
            value={text}
            onChange={event => setText(event.target.value)}
            onKeyDown={event => event.key === "Enter" && (event.metaKey || event.ctrlKey) && save()}
          />
        </label>
        {add.error && (
          <p className="form-fault" role="alert">
            {add.error.message}
            {add.error instanceof ApiError && add.error.remedy && `: ${add.error.remedy}`}
          </p>
        )}
      </form>
    </Dialog>
  );
}
