import type { Ref } from "react";
import { Icon } from "./Icon";
import "./fields.css";

interface Props {
  value: string;
  onChange: (value: string) => void;
  label: string;
  autoFocus?: boolean;
  className?: string;
  ref?: Ref<HTMLInputElement>;
}

/** A field that narrows what is seen while one types. */
export function SearchField({ value, onChange, label, autoFocus, className = "", ref }: Props) {
  return (
    <div className={`field-search ${className}`.trim()}>
      <Icon name="search" size={14} />
      <input
        ref={ref}
        type="search"
        className="text-field"
        value={value}
        aria-label={label}
        placeholder={label}
        spellCheck={false}
        autoComplete="off"
        // biome-ignore lint/a11y/noAutofocus: a dialog that was opened to search in
        autoFocus={autoFocus}
        onChange={event => onChange(event.target.value)}
      />
    </div>
  );
}
