import { useVirtualizer } from "@tanstack/react-virtual";
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import type { RunDetail } from "../../api/run";
import { Button } from "../../components/Button";
import { Icon } from "../../components/Icon";
import { ScrollBox } from "../../components/ScrollBox";
import { Failure, Loading, Message } from "../../components/states";
import { useParam } from "../../components/useParam";
import { type Folded, foldLines, marked, plainText } from "../../lib/console";
import { formatCount, formatTime } from "../../lib/format";
import { useConsole } from "./useConsole";
import "./Console.css";
import "../../components/fields.css";

const ROW_PX = 19;

/** What a run printed: it follows the end until one scrolls away, and searches on the server. */
export default function Console({ run }: { run: RunDetail }) {
  const [asked, setAsked] = useParam("find");
  const [from, setFrom] = useParam("from");
  const [wraps, setWraps] = useState(true);
  const [times, setTimes] = useState(false);
  const wanted = useDeferredValue(asked);
  const start = from === "start" ? "start" : "end";
  const { lines, cut, more, loading, error, next } = useConsole(
    run.id,
    start,
    wanted,
    run.status === "running",
  );
  const rows = useMemo(() => foldLines(lines), [lines]);
  const box = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 30,
  });

  const keepsEnd = follows && start === "end" && wanted === "";
  useEffect(() => {
    if (keepsEnd && rows.length > 0) virtual.scrollToIndex(rows.length - 1, { align: "end" });
  }, [keepsEnd, rows.length, virtual]);

  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && !loading && last >= rows.length - 50) next();
  }, [more, loading, last, rows.length, next]);

  const scrolled = () => {
    const at = box.current;
    if (at) setFollows(at.scrollHeight - at.scrollTop - at.clientHeight < 2 * ROW_PX);
  };
  const goToEnd = () => {
    setFollows(true);
    if (start === "start") setFrom(null);
    if (rows.length > 0) virtual.scrollToIndex(rows.length - 1, { align: "end" });
  };

  return (
    <div className="console">
      <div className="console-bar">
        <input
          type="search"
          className="text-field"
          aria-label="Search the console"
          placeholder="Search lines"
          value={asked}
          onChange={event => setAsked(event.target.value, { replace: true })}
        />
        <span className="muted numbers" role="status">
          {told(lines.length, wanted, cut, more, loading)}
        </span>
        <div className="console-acts">
          {cut && start === "end" && wanted === "" && (
            <Button kind="quiet" onClick={() => setFrom("start")}>
              From the beginning
            </Button>
          )}
          <Button kind="quiet" pressed={times} onClick={() => setTimes(!times)}>
            Times
          </Button>
          <Button kind="quiet" pressed={wraps} onClick={() => setWraps(!wraps)}>
            Wrap
          </Button>
          <Button pressed={keepsEnd} onClick={goToEnd}>
            <Icon name="down" size={13} /> {run.status === "running" ? "Follow" : "To the end"}
          </Button>
        </div>
      </div>
      {error !== null && <Failure error={error} retry={next} />}
      {rows.length === 0 && error === null && (loading ? <Loading /> : <Empty wanted={wanted} run={run} />)}
      <ScrollBox
        ref={box}
        className="console-lines"
        onScroll={scrolled}
        role="log"
        aria-label="Console output"
      >
        <div style={{ height: virtual.getTotalSize() }}>
          {items.map(item => (
            <div
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              className={wraps ? "console-row wraps" : "console-row"}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <Row row={rows[item.index] as Folded} wanted={wanted} times={times} />
            </div>
          ))}
        </div>
      </ScrollBox>
    </div>
  );
}

function Row({ row, wanted, times }: { row: Folded; wanted: string; times: boolean }) {
  const [stream, timeUs, text] = row.line;
  return (
    <>
      {times && <span className="console-time numbers">{formatTime(timeUs).slice(11)}</span>}
      <span className={`console-text ${stream}`}>
        {marked(plainText(text), wanted).map((piece, at) =>
          // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text, which have no other name
          piece.hit ? <mark key={at}>{piece.text}</mark> : piece.text,
        )}
        {text === "" && " "}
      </span>
      {row.count > 1 && (
        <span className="console-count numbers" title={`Printed ${row.count} times in a row`}>
          ×{row.count}
        </span>
      )}
    </>
  );
}

function Empty({ wanted, run }: { wanted: string; run: RunDetail }) {
  if (wanted !== "") return <Message title="No line has this text" />;
  return (
    <Message title={run.status === "running" ? "Nothing was printed yet" : "Nothing was printed"}>
      Runs of Assay's own SDK log what the program prints, unless <code>capture=</code> leaves it out.
    </Message>
  );
}

function told(count: number, wanted: string, cut: boolean, more: boolean, loading: boolean): string {
  if (count === 0) return loading && wanted ? "Searching…" : "";
  const lines = `${formatCount(count)} ${count === 1 ? "line" : "lines"}`;
  if (wanted) return `${lines} found${more ? (loading ? ", searching…" : " so far") : ""}`;
  if (cut) return `the last ${lines}`;
  return more ? `the first ${lines}` : lines;
}
