import { type PointerEvent, type ReactNode, useRef, useState } from "react";
import "./Split.css";

interface Props {
  /** What the left part is, for those who do not see it. */
  label: string;
  /** Under which name its width is kept in this browser. */
  kept: string;
  children: [ReactNode, ReactNode];
}

const LEAST = 0.15;
const MOST = 0.85;
const USUAL = 0.4;
const STEP = 0.02;

function within(share: number): number {
  return Math.min(MOST, Math.max(LEAST, share));
}

/** Two parts side by side, and between them a line that is dragged or moved by arrows. */
export function Split({ label, kept, children }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const [share, setShare] = useState(() => within(Number(localStorage.getItem(kept)) || USUAL));
  const put = (next: number) => {
    setShare(within(next));
    localStorage.setItem(kept, String(within(next)));
  };
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    const box = frame.current?.getBoundingClientRect();
    if (box && event.currentTarget.hasPointerCapture(event.pointerId))
      put((event.clientX - box.left) / box.width);
  };
  return (
    <div ref={frame} className="split">
      <div className="split-part" style={{ width: `${share * 100}%` }}>
        {children[0]}
      </div>
      <div
        className="split-line"
        role="separator"
        tabIndex={0}
        aria-label={`Width of the ${label}`}
        aria-orientation="vertical"
        aria-valuenow={Math.round(share * 100)}
        aria-valuemin={LEAST * 100}
        aria-valuemax={MOST * 100}
        onPointerDown={event => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={drag}
        onKeyDown={event => {
          if (event.key === "ArrowLeft") put(share - STEP);
          if (event.key === "ArrowRight") put(share + STEP);
        }}
      />
      <div className="split-part rest">{children[1]}</div>
    </div>
  );
}
