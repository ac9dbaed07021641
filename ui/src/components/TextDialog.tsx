import { useId, useState } from "react";
import { ApiError } from "../api/client";
import { Button } from "./Button";
import { Dialog } from "./Dialog";
import "./fields.css";

interface Props {
  title: string;
  label: string;
  value?: string;
  act: string;
  long?: boolean;
  /** An empty text may be kept. */
  empty?: boolean;
  busy?: boolean;
  error?: Error | null;
  onText: (text: string) => void;
  onClose: () => void;
}

/** Asks for a text. */
export function TextDialog({
  title,
  label,
  value = "",
  act,
  long,
  empty,
  busy,
  error,
  onText,
  onClose,
}: Props) {
  const [text, setText] = useState(value);
  const id = useId();
  const ready = (empty || text.trim() !== "") && !busy;
  const field = {
    id,
    className: "text-field",
    value: text,
    autoFocus: true,
    onChange: (event: { target: { value: string } }) => setText(event.target.value),
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      foot={
        <Button kind="strong" disabled={!ready} onClick={() => onText(text)}>
          {act}
        </Button>
      }
    >
      <form
        className="form"
        onSubmit={event => {
          event.preventDefault();
          if (ready) onText(text);
        }}
      >
        <div className="field-label">
          <label htmlFor={id}>{label}</label>
          {long ? <textarea rows={6} {...field} /> : <input {...field} autoComplete="off" />}
        </div>
        {error && (
          <p className="form-fault" role="alert">
            {error.message}
            {error instanceof ApiError && error.remedy && `: ${error.remedy}`}
          </p>
        )}
        {!long && <button type="submit" hidden />}
      </form>
    </Dialog>
  );
}
