import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import { ApiError, api } from "../../api/client";
import { useKeys, useValues } from "../../api/keys";
import { Icon } from "../../components/Icon";
import { faultAt, type Offer, placeAt, take } from "../../lib/completion";
import { parseField } from "../../lib/fields";
import { formatCount } from "../../lib/format";
import { offersAt } from "../../lib/offers";
import { useLate } from "./useLate";
import "./QueryBar.css";

interface Props {
  filter: string;
  experiments: readonly number[];
  view: "active" | "deleted";
  onFilter: (filter: string) => void;
}

const PAUSE_MS = 250;

/** The filter in the one search grammar: offers what can come next, counts what would be found, shows where a fault lies. */
export function QueryBar({ filter, experiments, view, onFilter }: Props) {
  const [text, setText] = useState(filter);
  const [caret, setCaret] = useState<number | null>(null);
  const [chosen, setChosen] = useState(-1);
  const field = useRef<HTMLInputElement>(null);
  const listId = useId();
  useEffect(() => setText(filter), [filter]);

  const late = useLate(text, PAUSE_MS);
  const tried = useQuery({
    queryKey: ["runs", "tried", late, experiments, view],
    queryFn: ({ signal }) =>
      api.get("/api/v1/runs/count", { query: { experiment_id: experiments, filter: late, view }, signal }),
    enabled: late.trim() !== "",
    staleTime: 30_000,
    retry: false,
  });
  const { offers, place } = useOffers(text, caret, experiments, view);
  const open = caret !== null && offers.length > 0;

  // The caret moves with the text it stands in: moved a frame later, it would part what is typed meanwhile.
  const moveTo = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (moveTo.current === null) return;
    field.current?.focus();
    field.current?.setSelectionRange(moveTo.current, moveTo.current);
    moveTo.current = null;
  });
  const accept = (offer: Offer) => {
    if (!place) return;
    const next = take(text, place, offer);
    moveTo.current = next.caret;
    setText(next.text);
    setCaret(next.caret);
    setChosen(-1);
  };
  const submit = () => {
    setCaret(null);
    if (!(tried.error && late === text)) onFilter(text.trim());
  };

  const onKeyDown = (event: React.KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Enter") {
      event.preventDefault();
      const offer = offers[chosen];
      if (open && offer) accept(offer);
      else submit();
    } else if (event.key === "Escape") {
      if (open) setCaret(null);
      else field.current?.blur();
    } else if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setChosen((chosen + step + offers.length + (chosen < 0 && step < 0 ? 1 : 0)) % offers.length);
    } else if (open && event.key === "Tab" && !event.shiftKey) {
      const offer = offers[Math.max(chosen, 0)];
      if (offer && place?.partial) {
        event.preventDefault();
        accept(offer);
      }
    }
  };
  const follow = () => setCaret(field.current?.selectionStart ?? null);
  const isLate = late !== text;
  return (
    <div className="query">
      <div className={tried.error && !isLate ? "query-box faulty" : "query-box"}>
        <Icon name="search" size={14} />
        <input
          ref={field}
          data-filter
          className="query-field"
          role="combobox"
          aria-label="Filter runs"
          aria-expanded={open}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={open && chosen >= 0 ? `${listId}-${chosen}` : undefined}
          aria-invalid={tried.isError && !isLate}
          value={text}
          placeholder="Filter: metrics.loss < 0.1 AND params.model = 'xgb'"
          spellCheck={false}
          autoComplete="off"
          onChange={event => {
            setText(event.target.value);
            setCaret(event.target.selectionStart);
            setChosen(-1);
          }}
          onSelect={follow}
          onFocus={follow}
          onBlur={() => setCaret(null)}
          onKeyDown={onKeyDown}
        />
        {text !== filter && !tried.isError && tried.data && !isLate && (
          <span className="query-hint numbers">{formatCount(tried.data.runs)} match · Enter</span>
        )}
        {text && (
          <button
            type="button"
            className="query-clear"
            aria-label="Clear the filter"
            onClick={() => {
              setText("");
              onFilter("");
            }}
          >
            <Icon name="close" size={12} />
          </button>
        )}
      </div>
      <div id={listId} role="listbox" aria-label="What can come next" hidden={!open} className="query-offers">
        {open &&
          offers.map((offer, at) => (
            <div
              key={offer.label}
              id={`${listId}-${at}`}
              role="option"
              aria-selected={at === chosen}
              tabIndex={-1}
              className={at === chosen ? "query-offer chosen" : "query-offer"}
              onPointerDown={event => {
                event.preventDefault();
                accept(offer);
              }}
            >
              <span className="truncate">{offer.label}</span>
              {offer.hint && <span className="query-offer-hint">{offer.hint}</span>}
            </div>
          ))}
      </div>
      {tried.error && !isLate && !open && <Fault error={tried.error} text={late} />}
    </div>
  );
}

/** What the server says of the filter, with its place below the text. */
function Fault({ error, text }: { error: Error; text: string }) {
  const at = faultAt(error.message, text);
  return (
    <div className="query-fault" role="alert">
      {at !== null && (
        <code className="query-fault-text">
          {text.slice(Math.max(0, at - 40), at)}
          <mark>{text.slice(at, at + 24) || " "}</mark>
        </code>
      )}
      <span>{error.message}</span>
      {error instanceof ApiError && error.remedy && <span className="muted">{error.remedy}</span>}
    </div>
  );
}

/** What can stand at the caret, of the keys and texts that runs have. */
function useOffers(
  text: string,
  caret: number | null,
  experiments: readonly number[],
  view: "active" | "deleted",
) {
  const place = useMemo(() => (caret === null ? null : placeAt(text, caret)), [text, caret]);
  const keys = useKeys(experiments, view, caret !== null);
  const wanted = place && (place.want === "value" || place.want === "list") ? parseField(place.field) : null;
  const of =
    wanted && (wanted.kind === "param" || wanted.kind === "tag")
      ? { kind: wanted.kind, key: wanted.key }
      : null;
  const values = useValues(experiments, of, useLate(of && place ? place.partial : "", PAUSE_MS / 2));
  const offers = useMemo(
    () => (place ? offersAt(place, keys.data ?? [], of ? (values.data ?? []) : []) : []),
    [place, keys.data, of, values.data],
  );
  return { offers, place };
}
