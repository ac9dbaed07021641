import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Link } from "wouter";
import type { Shown } from "../charts/line";
import { Byline } from "../components/Byline";
import { Icon } from "../components/Icon";
import { Markdown } from "../components/Markdown";
import { placeBelow } from "../components/placeBelow";
import { colourVariable } from "../lib/colours";
import { type Flag, type Flagged, flaggedOf, flagName, flagsOf } from "../lib/flags";
import { formatCount } from "../lib/format";
import type { Scale } from "../lib/scales";
import { useGrid } from "./grid";
import { useSteady } from "./useChart";
import "./Flags.css";

const LEAVE_MS = 150; // to get from a flag to what it shows

/** The comments on steps of what is drawn, as flags along the upper edge of a chart with this axis. */
export function Flags({ traces, x }: { traces: readonly Shown[]; x: Scale }) {
  const { comments } = useGrid();
  const [open, setOpen] = useState<string | null>(null);
  const flagged = useMemo(() => flaggedOf(comments, traces), [comments, traces]);
  const flags = useMemo(() => flagsOf(flagged, x), [flagged, x]);
  if (flags.length === 0) return null;
  return (
    <ul className="flags" aria-label="Comments">
      {flags.map(flag => {
        const id = flag.said[0]!.comment.id;
        return (
          <OneFlag
            key={id}
            flag={flag}
            open={open === id}
            show={() => setOpen(id)}
            hide={() => setOpen(now => (now === id ? null : now))}
          />
        );
      })}
    </ul>
  );
}

interface OneProps {
  flag: Flag;
  open: boolean;
  show(): void;
  hide(): void;
}

/** What a flag stands for is shown while the pointer is on it, and for as long as the focus is: a click gives it that. */
function OneFlag({ flag, open, show, hide }: OneProps) {
  const place = useRef<HTMLLIElement>(null);
  const mark = useRef<HTMLButtonElement>(null);
  const leaving = useRef(0);
  const card = useId();
  useEffect(() => () => clearTimeout(leaving.current), []);
  const stay = () => {
    clearTimeout(leaving.current);
    show();
  };
  const leave = () => {
    clearTimeout(leaving.current);
    if (!place.current?.contains(document.activeElement)) leaving.current = window.setTimeout(hide, LEAVE_MS);
  };
  const dismiss = () => {
    if (place.current?.contains(document.activeElement)) mark.current?.focus();
    hide();
  };
  const name = flagName(flag);
  return (
    <li
      ref={place}
      className="flag"
      style={{ left: flag.at, "--ink": inkOf(flag) } as React.CSSProperties}
      onMouseEnter={stay}
      onMouseLeave={leave}
      onFocus={stay}
      onBlur={event => !event.currentTarget.contains(event.relatedTarget) && hide()}
    >
      <button
        ref={mark}
        type="button"
        className="flag-mark"
        aria-label={name}
        aria-expanded={open}
        aria-controls={open ? card : undefined}
        onClick={() => {
          mark.current?.focus(); // not every browser does
          stay();
        }}
      >
        <Icon name="comment" size={12} />
        {flag.said.length > 1 && <span className="numbers">{formatCount(flag.said.length)}</span>}
      </button>
      {open && <Card id={card} label={name} said={flag.said} anchor={mark} dismiss={dismiss} />}
    </li>
  );
}

/** The colour of the line that all are about, if it is one. */
function inkOf({ said }: Flag): string {
  const [first, ...rest] = said.map(({ look }) => colourVariable(look));
  return first && rest.every(other => other === first) ? first : "var(--text-muted)";
}

interface CardProps {
  id: string;
  label: string;
  said: readonly Flagged[];
  anchor: { current: HTMLElement | null };
  dismiss(): void;
}

/** What was said, to read. */
function Card({ id, label, said, anchor, dismiss }: CardProps) {
  const card = useRef<HTMLDivElement>(null);
  const [nowUs] = useState(() => Date.now() * 1_000);
  const place = useSteady(() => {
    if (card.current && anchor.current) placeBelow(card.current, anchor.current);
  });
  useLayoutEffect(() => {
    card.current?.showPopover();
    const observer = new ResizeObserver(place); // Markdown comes rendered a moment later
    if (card.current) observer.observe(card.current);
    addEventListener("scroll", place, true);
    addEventListener("resize", place);
    return () => {
      observer.disconnect();
      removeEventListener("scroll", place, true);
      removeEventListener("resize", place);
    };
  }, [place]);
  useLayoutEffect(place); // its flag moves when the chart is drawn anew
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.preventDefault(); // a dialog around it stays
      event.stopPropagation();
      dismiss();
    };
    addEventListener("keydown", pressed, true);
    return () => removeEventListener("keydown", pressed, true);
  }, [dismiss]);
  return (
    <div
      ref={card}
      id={id}
      role="group"
      aria-label={label}
      popover="manual"
      tabIndex={-1}
      className="flag-card"
    >
      {said.map(one => (
        <Said key={one.comment.id} of={one} nowUs={nowUs} />
      ))}
    </div>
  );
}

function Said({ of: { comment, step, look }, nowUs }: { of: Flagged; nowUs: number }) {
  const { names } = useGrid();
  return (
    <article className="flag-said">
      <header>
        <Byline of={comment} nowUs={nowUs} />
      </header>
      <p className="flag-place">
        <span
          className={look.dash ? "chart-key chart-key-dashed" : "chart-key"}
          style={{ "--ink": colourVariable(look) } as React.CSSProperties}
        />
        <Link href={`/runs/${comment.run}?tab=comments`} title="All comments of the run">
          {names.label(comment.run)}
        </Link>
        <span className="muted">
          {comment.key} at step <span className="numbers">{formatCount(step)}</span>
        </span>
      </p>
      <Markdown text={comment.text} />
    </article>
  );
}
