import { useEffect, useId, useRef, useState } from "react";
import { Button } from "../components/Button";
import { Icon } from "../components/Icon";

/** A button that opens a list of acts. Arrows go through them, Escape closes, and the focus comes back. */
export function Menu({
  label,
  entries,
}: {
  label: string;
  entries: readonly { name: string; act(): void }[];
}) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    list.current?.querySelector<HTMLElement>("button")?.focus();
    const away = (event: Event) => {
      const inside = event.target instanceof Node && list.current?.parentElement?.contains(event.target);
      if (!inside) setOpen(false);
    };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const press = (event: React.KeyboardEvent) => {
    const items = [...(list.current?.querySelectorAll<HTMLElement>("button") ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") close();
    else if (event.key === "Tab") setOpen(false);
    else if (step) items[(at + step + items.length) % items.length]?.focus();
    else return;
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="menu">
      <Button
        kind="quiet"
        icon
        ref={button}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        <Icon name="more" size={14} />
      </Button>
      {open && (
        <div
          className="menu-list"
          role="menu"
          id={id}
          ref={list}
          aria-label={label}
          tabIndex={-1}
          onKeyDown={press}
        >
          {entries.map(({ name, act }) => (
            <button
              key={name}
              type="button"
              role="menuitem"
              tabIndex={-1}
              onClick={() => {
                close();
                act();
              }}
            >
              {name}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
