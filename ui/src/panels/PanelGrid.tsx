import { useCallback, useMemo, useRef, useState } from "react";
import { useCommentsOf } from "../api/comments";
import { useChanges } from "../api/live";
import { Focus } from "../charts/focus";
import { Button } from "../components/Button";
import { Icon } from "../components/Icon";
import { Failure, Loading, Message } from "../components/states";
import { columnTitle, groupsOf } from "../lib/facts";
import { runLooks } from "../lib/looks";
import type { Range } from "../lib/scales";
import { matcher, sectionsOf, titleOf } from "../lib/sections";
import type { Panel, PanelSettings } from "../lib/settings";
import { type Grid, GridContext, useGrid } from "./grid";
import { PanelBody } from "./PanelBody";
import { PanelDialog } from "./PanelDialog";
import { Toolbar } from "./Toolbar";
import { useNear, useSteady } from "./useChart";
import { useFacts } from "./useFacts";
import { useTouched } from "./useTouched";
import "./panels.css";

export interface PanelGridProps {
  /** The ids of the runs that are shown, at most `RUNS` of them. */
  runs: readonly string[];
  /** All runs from which groups are made, if they are more than those that are shown. */
  groupRuns?: readonly string[];
  settings: PanelSettings;
  onSettings(settings: PanelSettings, how?: "push" | "replace"): void;
  /** Somebody chose a run in a chart. */
  onPick?(run: string): void;
  /** The runs within the brushes of a parallel chart; null when there is no brush. */
  onBrush?(runs: string[] | null): void;
  /** Which metrics have panels of their own; all unless told. */
  keep?(key: string): boolean;
}

export const RUNS = 1_000; // what the server draws at once
const SHOWN = 60; // panels of a section, before one asks for more

/** Panels over runs: those that make themselves from their metrics, in sections, and one's own. */
export function PanelGrid(props: PanelGridProps) {
  const { settings, keep } = props;
  const runs = useMemo(() => props.runs.slice(0, RUNS), [props.runs]);
  const groupRuns = useMemo(
    () => (props.groupRuns ?? props.runs).slice(0, RUNS),
    [props.groupRuns, props.runs],
  );
  const known = useFacts(runs);
  const ofGroups = useFacts(groupRuns);
  const [focus] = useState(() => new Focus());
  const [editing, setEditing] = useState<{ panel: Panel | null; isNew: boolean } | null>(null);
  const change = useSteady(props.onSettings);
  const pick = useSteady((run: string) => props.onPick?.(run));
  const [brushed, setBrushed] = useState<ReadonlySet<string> | null>(null);
  const brush = useSteady((ids: string[] | null) => {
    setBrushed(ids && new Set(ids));
    props.onBrush?.(ids);
  });
  const [brushes] = useState(() => new Map<string, Map<string, Range>>());
  const brushesOf = useCallback(
    (panel: string) => {
      const known = brushes.get(panel) ?? new Map<string, Range>();
      brushes.set(panel, known);
      return known;
    },
    [brushes],
  );
  const unbrush = () => {
    for (const some of brushes.values()) some.clear();
    brush(null);
  };
  const edit = useCallback((panel: Panel, isNew = false) => setEditing({ panel, isNew }), []);
  const touched = useTouched(runs, groupRuns);
  useChanges(touched);
  const comments = useCommentsOf(runs);

  const names = useMemo(() => {
    const byId = new Map(known.runs.map(run => [run.id, run.name]));
    const looks = runLooks(runs);
    return {
      label: (run: string) => byId.get(run) || run.slice(0, 8),
      look: (run: string) => looks.get(run) ?? { colour: 0, dash: 0 },
    };
  }, [known.runs, runs]);
  const groups = useMemo(() => {
    const made = new Map<string, Record<string, string[]>>();
    return (column: string) => {
      const found = made.get(column) ?? Object.fromEntries(groupsOf(ofGroups.runs, column));
      made.set(column, found);
      return found;
    };
  }, [ofGroups.runs]);
  const keys = useMemo(() => (keep ? known.keys.filter(keep) : known.keys), [known.keys, keep]);
  const grid = useMemo(
    (): Grid => ({
      runs,
      facts: known.runs,
      comments,
      keys,
      names,
      groups,
      settings,
      change,
      edit,
      focus,
      pick,
      brushed,
      brush,
      brushesOf,
    }),
    [
      runs,
      known.runs,
      comments,
      keys,
      names,
      groups,
      settings,
      change,
      edit,
      focus,
      pick,
      brushed,
      brush,
      brushesOf,
    ],
  );

  const matches = matcher(settings.search);
  const sections = useMemo(() => sectionsOf(keys), [keys]);
  const own = settings.panels.filter(panel => matches(panelTitle(panel)));
  const seen = sections
    .map(section => ({ ...section, keys: section.keys.filter(matches) }))
    .filter(({ keys }) => keys.length);
  const nothing = !known.pending && !own.length && !seen.length;
  return (
    <GridContext value={grid}>
      <div className="panels" data-across={settings.across || undefined}>
        <Toolbar editAll={() => setEditing({ panel: null, isNew: false })} />
        {brushed && (
          <p className="panels-note" role="status">
            {brushed.size} of {runs.length} runs are within the brushes{" "}
            <Button kind="quiet" onClick={unbrush}>
              Show all
            </Button>
          </p>
        )}
        {props.runs.length > RUNS && (
          <p className="panels-note muted">
            The first {RUNS} of {props.runs.length} runs are drawn.
          </p>
        )}
        {known.error !== null && <Failure error={known.error} retry={known.retry} />}
        {known.pending && !keys.length && runs.length > 0 && <Loading />}
        {runs.length === 0 && (
          <Message title="No runs are chosen">Choose runs, and what they logged is drawn here.</Message>
        )}
        {runs.length > 0 && nothing && known.error === null && (
          <Message title={settings.search ? "No panel has such a name" : "These runs have no metrics yet"}>
            {settings.search ? "Search for other words." : "Panels come by themselves with the first points."}
          </Message>
        )}
        {own.length > 0 && (
          <PanelSection
            name=""
            title="Own panels"
            count={own.length}
            all={own.map(panel => ({ panel, title: panelTitle(panel) }))}
          />
        )}
        {runs.length > 0 &&
          seen.map(({ name, keys: some }) => (
            <PanelSection
              key={name}
              name={name || "/"}
              title={name || "Metrics"}
              count={some.length}
              all={some.map(key => ({ panel: autoPanel(key), title: titleOf(key, name) }))}
            />
          ))}
      </div>
      {editing && <PanelDialog panel={editing.panel} isNew={editing.isNew} close={() => setEditing(null)} />}
    </GridContext>
  );
}

const autoPanels = new Map<string, Panel>();

/** The same for one metric each time, so that a grid that is rendered anew draws nothing anew. */
function autoPanel(key: string): Panel {
  const panel = autoPanels.get(key) ?? { id: key, kind: "line", title: "", keys: [key], own: {} };
  autoPanels.set(key, panel);
  return panel;
}

/** A panel's name: its own, or of what it shows. */
export function panelTitle({ title, kind, keys }: Panel): string {
  if (title) return title;
  const names = keys.map(columnTitle);
  if (kind === "scatter" && names.length > 1) return `${names[1]} by ${names[0]}`;
  return names.join(", ") || "New panel";
}

interface SectionProps {
  name: string;
  title: string;
  count: number;
  all: { panel: Panel; title: string }[];
}

function PanelSection({ name, title, count, all }: SectionProps) {
  const [shown, setShown] = useState(SHOWN);
  return (
    <Folded name={name} title={title} count={count}>
      <div className="panels-grid">
        {all.slice(0, shown).map(({ panel, title: of }) => (
          <Lazy key={panel.id} panel={panel} title={of} />
        ))}
      </div>
      {all.length > shown && (
        <Button className="panels-more" onClick={() => setShown(shown + SHOWN)}>
          Show {Math.min(SHOWN, all.length - shown)} more of {all.length}
        </Button>
      )}
    </Folded>
  );
}

function Folded({
  name,
  title,
  count,
  children,
}: {
  name: string;
  title: string;
  count: number;
  children: React.ReactNode;
}) {
  const { settings, change } = useGrid();
  const closed = settings.closed.includes(name);
  const fold = () =>
    change({
      ...settings,
      closed: closed ? settings.closed.filter(one => one !== name) : [...settings.closed, name],
    });
  return (
    <section className="panels-section" aria-label={title}>
      <h2>
        <button type="button" className="panels-fold" aria-expanded={!closed} onClick={fold}>
          <Icon name={closed ? "right" : "down"} size={12} />
          <span className="truncate">{title}</span>
          <span className="panels-count numbers">{count}</span>
        </button>
      </h2>
      {!closed && children}
    </section>
  );
}

/** A panel is there while it is in view, or nearly: its series are asked for then, and called off when it leaves. */
function Lazy({ panel, title }: { panel: Panel; title: string }) {
  const place = useRef<HTMLDivElement>(null);
  const near = useNear(place);
  return (
    <div className="panels-place" ref={place}>
      {near ? <PanelBody panel={panel} title={title} /> : <section className="panel" aria-label={title} />}
    </div>
  );
}
