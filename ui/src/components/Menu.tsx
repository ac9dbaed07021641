import { type ReactNode, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { Button, type ButtonProps } from "./Button";
import { placeBelow } from "./placeBelow";
import "./Menu.css";

export interface MenuItem {
  label: ReactNode;
  act: () => void;
  danger?: boolean;
  disabled?: boolean;
  checked?: boolean;
  /** A key beside it. */
  hint?: string;
}

interface Props {
  /** What the button shows. */
  button: ReactNode;
  label: string;
  /** `null` draws a line. */
  items: readonly (MenuItem | null)[] | (() => readonly (MenuItem | null)[]);
  kind?: ButtonProps["kind"];
  icon?: boolean;
  className?: string;
  tabIndex?: number;
}

/** A button that opens a list of acts; arrows move in it, Escape gives the focus back. */
export function Menu({ button, label, items, kind = "quiet", icon, className, tabIndex }: Props) {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLButtonElement>(null);
  const id = useId();
  const close = () => {
    setOpen(false);
    anchor.current?.focus();
  };
  return (
    <>
      <Button
        ref={anchor}
        kind={kind}
        icon={icon}
        className={className}
        tabIndex={tabIndex}
        aria-label={icon ? label : undefined}
        title={icon ? label : undefined}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={event => {
          event.stopPropagation();
          setOpen(!open);
        }}
      >
        {button}
      </Button>
      {open && (
        <List
          id={id}
          label={label}
          anchor={anchor}
          items={typeof items === "function" ? items() : items}
          close={close}
        />
      )}
    </>
  );
}

interface ListProps {
  id: string;
  label: string;
  anchor: { current: HTMLElement | null };
  items: readonly (MenuItem | null)[];
  close: () => void;
}

function List({ id, label, anchor, items, close }: ListProps) {
  const list = useRef<HTMLDivElement>(null);
  const entries = () => [
    ...(list.current?.querySelectorAll<HTMLElement>("[role^=menuitem]:not(:disabled)") ?? []),
  ];

  useLayoutEffect(() => {
    const mine = list.current;
    if (!anchor.current || !mine) return;
    mine.showPopover(); // above all, and placed by the window whatever it lies in
    placeBelow(mine, anchor.current);
    mine.querySelector<HTMLElement>("[role^=menuitem]:not(:disabled)")?.focus();
  }, [anchor]);

  useEffect(() => {
    const outside = (event: Event) => {
      const target = event.target as Node;
      if (!list.current?.contains(target) && !anchor.current?.contains(target)) close();
    };
    addEventListener("pointerdown", outside, true);
    addEventListener("resize", close);
    return () => {
      removeEventListener("pointerdown", outside, true);
      removeEventListener("resize", close);
    };
  }, [anchor, close]);

  const onKeyDown = (event: React.KeyboardEvent) => {
    event.stopPropagation();
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      all[(to + all.length) % all.length]?.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      close();
    }
  };

  return (
    <div
      ref={list}
      id={id}
      role="menu"
      popover="manual"
      tabIndex={-1}
      aria-label={label}
      className="popup"
      onKeyDown={onKeyDown}
    >
      {items.map((item, at) =>
        item === null ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no names
          <hr key={`line-${at}`} className="popup-line" />
        ) : (
          <button
            // biome-ignore lint/suspicious/noArrayIndexKey: the list does not change while it is open
            key={at}
            type="button"
            {...roleOf(item)}
            className={item.danger ? "popup-item danger" : "popup-item"}
            disabled={item.disabled}
            tabIndex={-1}
            onClick={event => {
              event.stopPropagation();
              close();
              item.act();
            }}
          >
            <span className="popup-check" aria-hidden="true">
              {item.checked ? "✓" : ""}
            </span>
            <span className="popup-label">{item.label}</span>
            {item.hint && <kbd className="muted">{item.hint}</kbd>}
          </button>
        ),
      )}
    </div>
  );
}

function roleOf(item: MenuItem) {
  return item.checked === undefined
    ? { role: "menuitem" }
    : { role: "menuitemcheckbox", "aria-checked": item.checked };
}
