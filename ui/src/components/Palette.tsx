import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { api, type Schemas } from "../api/client";
import { fieldText } from "../lib/fields";
import { chooseTheme } from "../lib/theme";
import { useLate } from "../pages/runs/useLate";
import { Icon, type IconName } from "./Icon";
import { show } from "./palette";
import "./Palette.css";

interface Entry {
  group: string;
  icon: IconName;
  label: string;
  hint?: string;
  act: () => void;
}

const PAUSE_MS = 120;
const EACH = 8;

/** Finds runs, experiments, keys and views, and does what can be done, by a few letters. */
export default function Palette({ close }: { close: () => void }) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const [, navigate] = useLocation();
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);
  const late = useLate(text.trim(), PAUSE_MS);
  const found = useQuery({
    queryKey: ["search", late],
    queryFn: ({ signal }) => api.get("/api/v1/search", { query: { text: late, limit: EACH }, signal }),
    enabled: late !== "",
    placeholderData: keepPreviousData,
  });
  const entries = useMemo(() => {
    const go = (path: string) => () => navigate(path);
    const wanted = text.trim().toLowerCase();
    const acts = actsOf(go).filter(entry => entry.label.toLowerCase().includes(wanted));
    return late && found.data ? [...entriesOf(found.data, go), ...acts] : acts;
  }, [text, late, found.data, navigate]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other entries, the first of them
  useEffect(() => setChosen(0), [entries.length, late]);

  const run = (entry: Entry | undefined) => {
    if (!entry) return;
    close();
    entry.act();
  };
  const move = (step: number) => {
    const next = (chosen + step + entries.length) % Math.max(1, entries.length);
    setChosen(next);
    list.current?.querySelector(`[id="${id}-${next}"]`)?.scrollIntoView({ block: "nearest" });
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it
    <dialog
      ref={dialog}
      className="palette"
      aria-label="Search everything"
      onClose={close}
      onClick={event => event.target === dialog.current && close()}
    >
      <div className="palette-field">
        <Icon name="search" />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-activedescendant={entries.length ? `${id}-${chosen}` : undefined}
          aria-label="Search runs, experiments, keys and views"
          placeholder="Search runs, experiments, keys and views, or what to do"
          value={text}
          spellCheck={false}
          autoComplete="off"
          // biome-ignore lint/a11y/noAutofocus: it was opened to type in
          autoFocus
          onChange={event => setText(event.target.value)}
          onKeyDown={event => {
            if (event.key === "ArrowDown") move(1);
            else if (event.key === "ArrowUp") move(-1);
            else if (event.key === "Enter") run(entries[chosen]);
            else return;
            event.preventDefault();
          }}
        />
      </div>
      <div ref={list} id={`${id}-list`} role="listbox" aria-label="Found" className="palette-list">
        {entries.map((entry, at) => (
          <div key={`${entry.group} ${entry.label} ${entry.hint ?? ""}`} role="presentation">
            {entry.group !== entries[at - 1]?.group && (
              <div className="palette-group" role="presentation">
                {entry.group}
              </div>
            )}
            {/* biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys */}
            <div
              id={`${id}-${at}`}
              role="option"
              aria-selected={at === chosen}
              tabIndex={-1}
              className={at === chosen ? "palette-entry chosen" : "palette-entry"}
              onPointerMove={() => setChosen(at)}
              onClick={() => run(entry)}
            >
              <Icon name={entry.icon} size={14} />
              <span className="truncate">{entry.label}</span>
              {entry.hint && <span className="palette-hint">{entry.hint}</span>}
            </div>
          </div>
        ))}
        {entries.length === 0 && (
          <p className="palette-none muted">
            {found.error
              ? found.error.message
              : found.isFetching
                ? "Searching…"
                : "Nothing has this in its name."}
          </p>
        )}
      </div>
    </dialog>
  );
}

type Go = (path: string) => () => void;

function entriesOf(found: Schemas["Findings"], go: Go): Entry[] {
  return [
    ...found.runs.map(run => ({
      group: "Runs",
      icon: "chart" as const,
      label: run.name || run.id,
      hint: `${run.status} · ${run.id.slice(0, 8)}`,
      act: go(`/runs/${run.id}`),
    })),
    ...found.experiments.map(one => ({
      group: "Experiments",
      icon: "flask" as const,
      label: one.name,
      hint: String(one.id),
      act: go(`/experiments/${one.id}`),
    })),
    ...found.views.map(view => ({
      group: "Saved views",
      icon: "star" as const,
      label: view.name,
      hint: view.id.slice(0, 8),
      act: go(
        `${view.experiment_id === null ? "/runs" : `/experiments/${view.experiment_id}`}?saved=${view.id}`,
      ),
    })),
    ...found.keys.map(({ kind, key }) => {
      const text = fieldText(kind === "metric" ? { kind, key, aggregate: "last" } : { kind, key });
      return {
        group: "Keys",
        icon: "columns" as const,
        label: key,
        hint: kind,
        act: go(`/runs?${new URLSearchParams({ q: `${text} IS NOT NULL` })}`),
      };
    }),
  ];
}

function actsOf(go: Go): Entry[] {
  const act = (icon: IconName, label: string, perform: () => void, hint?: string): Entry => ({
    group: "Do",
    icon,
    label,
    hint,
    act: perform,
  });
  return [
    act("home", "Go home", go("/"), "g h"),
    act("flask", "Go to the experiments", go("/experiments"), "g e"),
    act("table", "Go to the runs", go("/runs"), "g r"),
    act("compare", "Go to the comparison", go("/compare"), "g c"),
    act("warning", "Failed runs", go(`/runs?${new URLSearchParams({ q: "status = 'failed'" })}`)),
    act("clock", "Runs of the last day", go(`/runs?${new URLSearchParams({ q: "start_time > now - 1d" })}`)),
    act("trash", "Deleted runs", go("/runs?view=deleted")),
    act("sun", "Light theme", () => chooseTheme("light")),
    act("moon", "Dark theme", () => chooseTheme("dark")),
    act("screen", "The system's theme", () => chooseTheme("system")),
    act("keyboard", "Show the keys", () => show("keys"), "?"),
  ];
}
