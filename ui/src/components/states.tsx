/** What stands where content would: while it loads, where there is none, and where it failed. */
import { Component, type ReactNode } from "react";
import { ApiError } from "../api/client";
import { Button } from "./Button";
import "./states.css";

/** Shown after a moment only, so that what is fast does not flicker. */
export function Loading({ what = "Loading" }: { what?: string }) {
  return (
    <div className="state loading" role="status">
      <span className="spinner" aria-hidden="true" />
      <span>{what}…</span>
    </div>
  );
}

/** A sentence or two in the middle of the place. */
export function Message({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="state">
      <h2>{title}</h2>
      {children && <div className="muted">{children}</div>}
    </div>
  );
}

/** What went wrong, in the server's words, with its remedy. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const said = error instanceof Error ? error.message : String(error);
  return (
    <div className="state failure" role="alert">
      <h2>{said}</h2>
      {error instanceof ApiError && error.remedy && <div className="muted">To mend it: {error.remedy}.</div>}
      {retry && <Button onClick={retry}>Try again</Button>}
    </div>
  );
}

/** What a part of the page throws is shown in its place; the rest stays. */
export class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return <Failure error={this.state.error} retry={() => this.setState({ error: null })} />;
  }
}
