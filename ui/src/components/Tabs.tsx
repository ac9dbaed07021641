import { type KeyboardEvent, type ReactNode, useRef } from "react";
import { ScrollBox } from "./ScrollBox";
import "./Tabs.css";

export interface Tab<T extends string> {
  id: T;
  name: string;
  count?: number;
}

interface Props<T extends string> {
  label: string;
  tabs: readonly Tab<T>[];
  chosen: T;
  onChoose: (tab: T) => void;
}

/** A row of tabs; the arrow keys go along it. */
export function Tabs<T extends string>({ label, tabs, chosen, onChoose }: Props<T>) {
  const row = useRef<HTMLDivElement>(null);
  const go = (event: KeyboardEvent) => {
    const at = tabs.findIndex(tab => tab.id === chosen);
    const to =
      event.key === "ArrowRight"
        ? (at + 1) % tabs.length
        : event.key === "ArrowLeft"
          ? (at + tabs.length - 1) % tabs.length
          : event.key === "Home"
            ? 0
            : event.key === "End"
              ? tabs.length - 1
              : -1;
    const next = tabs[to];
    if (next === undefined) return;
    event.preventDefault();
    onChoose(next.id);
    row.current?.querySelectorAll<HTMLElement>("[role=tab]")[to]?.focus();
  };
  return (
    <div ref={row} className="tabs" role="tablist" aria-label={label} onKeyDown={go}>
      {tabs.map(tab => (
        <button
          key={tab.id}
          type="button"
          role="tab"
          id={`tab-${tab.id}`}
          aria-controls="tab-panel"
          aria-selected={tab.id === chosen}
          tabIndex={tab.id === chosen ? 0 : -1}
          onClick={() => onChoose(tab.id)}
        >
          {tab.name}
          {tab.count !== undefined && tab.count > 0 && (
            <span className="tabs-count numbers">{tab.count}</span>
          )}
        </button>
      ))}
    </div>
  );
}

/** What the chosen tab shows. */
export function TabPanel({ of, full, children }: { of: string; full?: boolean; children: ReactNode }) {
  return (
    <ScrollBox
      id="tab-panel"
      role="tabpanel"
      aria-labelledby={`tab-${of}`}
      className={full ? "tab-panel full" : "tab-panel"}
    >
      {children}
    </ScrollBox>
  );
}
