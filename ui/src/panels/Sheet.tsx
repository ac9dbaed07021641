import { type ReactNode, useEffect, useRef } from "react";
import { Button } from "../components/Button";
import { Icon } from "../components/Icon";

interface Props {
  title: string;
  close(): void;
  /** As large as the window. */
  full?: boolean;
  /** What is inside has a head of its own. */
  bare?: boolean;
  children: ReactNode;
}

/** A dialog above the page: the browser keeps the focus in it, and Escape closes it. */
export function Sheet({ title, close, full, bare, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does what a click beside it does
    <dialog
      ref={dialog}
      className={full ? "sheet full" : "sheet"}
      aria-label={title}
      onCancel={event => {
        event.preventDefault();
        close();
      }}
      onClick={event => event.target === dialog.current && close()}
    >
      <div className={bare ? "sheet-inside bare" : "sheet-inside"}>
        {!bare && <h2>{title}</h2>}
        <Button kind="quiet" icon className="sheet-close" aria-label="Close" onClick={close}>
          <Icon name="close" size={14} />
        </Button>
        {children}
      </div>
    </dialog>
  );
}
