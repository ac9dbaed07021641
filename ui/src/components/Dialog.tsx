import { type ReactNode, useEffect, useId, useRef } from "react";
import { Button } from "./Button";
import { Icon } from "./Icon";
import "./Dialog.css";

interface Props {
  title: string;
  onClose: () => void;
  wide?: boolean;
  /** The buttons at its foot. */
  foot?: ReactNode;
  children: ReactNode;
}

/** A dialog of the browser's own: it keeps the focus, closes on Escape and by a click beside it, and gives it back. */
export function Dialog({ title, onClose, wide, foot, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it
    <dialog
      ref={dialog}
      className={wide ? "dialog wide" : "dialog"}
      aria-labelledby={id}
      onClose={onClose}
      onClick={event => event.target === dialog.current && dialog.current?.close()}
      onKeyDown={event => event.stopPropagation()}
    >
      <div className="dialog-frame">
        <header className="dialog-head">
          <h2 id={id}>{title}</h2>
          <Button kind="quiet" icon aria-label="Close" onClick={() => dialog.current?.close()}>
            <Icon name="close" />
          </Button>
        </header>
        <div className="dialog-body">{children}</div>
        {foot && <footer className="dialog-foot">{foot}</footer>}
      </div>
    </dialog>
  );
}
