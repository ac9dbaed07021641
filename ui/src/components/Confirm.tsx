import { type ReactNode, useEffect, useRef } from "react";
import { Button } from "./Button";
import "./Confirm.css";

interface Props {
  title: string;
  children?: ReactNode;
  /** What the button says that does it. */
  act: string;
  danger?: boolean;
  busy?: boolean;
  onAct: () => void;
  onCancel: () => void;
}

/** Asks once. The browser's own dialog keeps the focus, closes on Escape, and gives the focus back. */
export function Confirm({ title, children, act, danger, busy, onAct, onCancel }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} className="confirm" aria-labelledby="confirm-title" onClose={onCancel}>
      <h2 id="confirm-title">{title}</h2>
      {children && <div className="confirm-text">{children}</div>}
      <div className="confirm-acts">
        <Button onClick={() => dialog.current?.close()}>Cancel</Button>
        <Button kind={danger ? "danger" : "strong"} disabled={busy} onClick={onAct}>
          {act}
        </Button>
      </div>
    </dialog>
  );
}
