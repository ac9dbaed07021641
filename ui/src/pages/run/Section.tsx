import { type ReactNode, useId } from "react";
import "./Section.css";
import "../../components/fields.css";

interface Props {
  title: string;
  count?: number;
  actions?: ReactNode;
  children: ReactNode;
}

/** A part of a page, with its title above a hairline. */
export function Section({ title, count, actions, children }: Props) {
  const id = useId();
  return (
    <section className="section" aria-labelledby={id}>
      <header>
        <h2 id={id}>
          {title}
          {count !== undefined && <span className="section-count numbers">{count}</span>}
        </h2>
        {actions && <div className="section-actions">{actions}</div>}
      </header>
      {children}
    </section>
  );
}

/** A field that leaves out what does not have the text. */
export function FilterField({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (text: string) => void;
}) {
  return (
    <input
      type="search"
      className="filter-field"
      aria-label={label}
      placeholder={label}
      value={value}
      onChange={event => onChange(event.target.value)}
    />
  );
}
