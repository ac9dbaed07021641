import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { Icon } from "../../components/Icon";
import "./EditableText.css";

interface Props {
  value: string;
  /** What stands there while nobody edits. */
  shown: string;
  label: string;
  className?: string;
  disabled?: boolean;
  onSave: (text: string) => Promise<unknown>;
}

/** The page's title, edited in its place: Enter keeps it, Escape leaves it as it was. */
export function EditableText({ value, shown, label, className = "", disabled, onSave }: Props) {
  const [draft, setDraft] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const editing = draft !== null;
  const returning = useRef(false);
  useEffect(() => {
    if (editing) field.current?.select();
    else if (returning.current) opener.current?.focus();
    returning.current = false;
  }, [editing]);
  const close = () => {
    returning.current = true;
    setDraft(null);
  };
  const save = () => {
    const text = (draft ?? "").trim();
    if (text === "" || text === value) return close();
    onSave(text).then(close, () => field.current?.focus());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") save();
    if (event.key === "Escape") close();
  };
  if (editing) {
    return (
      <input
        ref={field}
        className={`editable-field ${className}`}
        aria-label={label}
        value={draft}
        maxLength={250}
        onChange={event => setDraft(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={save}
      />
    );
  }
  return (
    <div className={`editable ${className}`}>
      <h1 className="truncate" title={shown}>
        {shown}
      </h1>
      {!disabled && (
        <button
          ref={opener}
          type="button"
          aria-label={`Edit: ${label}`}
          title="Rename"
          onClick={() => setDraft(value)}
        >
          <Icon name="edit" size={13} />
        </button>
      )}
    </div>
  );
}
