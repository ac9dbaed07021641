import { type ReactNode, useEffect } from "react";
import "./Page.css";

interface Props {
  title: string;
  /** Beside the title: buttons and the like. */
  actions?: ReactNode;
  /** Below the title: a line of what is shown. */
  below?: ReactNode;
  /** The body has no padding and scrolls its own parts. */
  full?: boolean;
  children: ReactNode;
}

/** A page with its head; the document's title follows. */
export function Page({ title, actions, below, full, children }: Props) {
  useEffect(() => {
    document.title = title ? `${title} · Assay` : "Assay";
  }, [title]);
  return (
    <div className="page">
      <header className="page-head">
        <h1 className="truncate">{title}</h1>
        {actions && <div className="page-actions">{actions}</div>}
        {below && <div className="page-below">{below}</div>}
      </header>
      <div className={full ? "page-body full" : "page-body"}>{children}</div>
    </div>
  );
}
