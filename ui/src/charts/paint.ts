/** Traces on a canvas: extremes as columns, the line as it was logged as a shadow, the line that is shown, marks. */

import type { Drawn } from "../lib/pixels";
import type { Ink } from "./theme";

export interface Strokes {
  /** How many traces there are: the more, the fainter what stands behind their lines. */
  traces: number;
  /** Pixels of the canvas to one of the page. */
  ratio: number;
  smoothed: boolean;
  /** The bounds of what is drawn, in pixels of the canvas. */
  box: { left: number; top: number; width: number; height: number };
}

/** What stands behind the line of a trace. It is drawn for all traces first, so that no line lies below it. */
export function paintExtremes(ctx: CanvasRenderingContext2D, drawn: Drawn, ink: Ink, strokes: Strokes): void {
  const { left, width, top, bottom, lone } = drawn;
  ctx.fillStyle = ink.colour;
  if (drawn.area) {
    paintArea(ctx, drawn, strokes.traces > 8 ? 0.12 : 0.2);
    return;
  }
  const faint = strokes.traces > 30 ? 0.1 : strokes.traces > 8 ? 0.16 : 0.26;
  const thin = Math.max(1, Math.round(strokes.ratio));
  ctx.globalAlpha = faint;
  ctx.beginPath();
  for (let i = 0; i < left.length; i++)
    if (!lone[i]) ctx.rect(left[i]!, top[i]!, width[i]!, Math.max(1, bottom[i]! - top[i]!));
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.beginPath();
  for (let i = 0; i < left.length; i++)
    if (lone[i]) {
      const middle = Math.round(left[i]! + (width[i]! - thin) / 2);
      ctx.rect(middle, top[i]!, thin, Math.max(thin, bottom[i]! - top[i]!));
    }
  ctx.fill();
}

/** A group's spread is one area: between its buckets, too, its runs go on. */
function paintArea(ctx: CanvasRenderingContext2D, { left, width, top, bottom }: Drawn, faint: number): void {
  const middle = (i: number) => left[i]! + width[i]! / 2;
  ctx.globalAlpha = faint;
  ctx.beginPath();
  for (let i = 0; i < left.length; i++) ctx.lineTo(middle(i), top[i]!);
  for (let i = left.length - 1; i >= 0; i--) ctx.lineTo(middle(i), bottom[i]!);
  ctx.fill();
  ctx.globalAlpha = 1;
}

/** The line of a trace; smoothed, with the raw one as its shadow. */
export function paintLine(
  ctx: CanvasRenderingContext2D,
  drawn: Drawn,
  ink: Ink,
  strokes: Strokes,
  bold = false,
): void {
  ctx.lineJoin = "round";
  ctx.strokeStyle = ink.colour;
  if (strokes.smoothed && !bold) {
    ctx.globalAlpha = strokes.traces > 30 ? 0.14 : 0.3;
    ctx.lineWidth = strokes.ratio;
    stroke(ctx, drawn.at, drawn.raw);
    ctx.globalAlpha = 1;
  }
  ctx.lineWidth = strokes.ratio * (bold ? 2.5 : strokes.traces > 30 ? 1 : 1.5);
  ctx.setLineDash(ink.dash.map(length => length * strokes.ratio));
  stroke(ctx, drawn.at, drawn.shown);
  ctx.setLineDash([]);
}

function stroke(ctx: CanvasRenderingContext2D, at: Float64Array, y: Float64Array): void {
  ctx.beginPath();
  let open = false;
  for (let i = 0; i < at.length; i++) {
    const value = y[i]!;
    if (Number.isNaN(value)) {
      open = false;
      continue;
    }
    if (open) ctx.lineTo(at[i]!, value);
    else {
      ctx.moveTo(at[i]!, value);
      // A point alone between two breaks, or the only one there is, would be no line at all.
      if (i + 1 === at.length || Number.isNaN(y[i + 1]!)) ctx.rect(at[i]! - 0.75, value - 0.75, 1.5, 1.5);
    }
    open = true;
  }
  ctx.stroke();
}

/** What has no place on the axis: a cross for NaN, an arrow for infinity or what a logarithm has no place for. */
export function paintMarks(
  ctx: CanvasRenderingContext2D,
  drawn: Drawn,
  ink: Ink,
  { box, ratio }: Strokes,
): void {
  ctx.strokeStyle = ink.colour;
  ctx.fillStyle = ink.colour;
  ctx.lineWidth = 1.25 * ratio;
  const r = 3 * ratio;
  for (const { x, kind } of drawn.marks) {
    if (x < box.left - r || x > box.left + box.width + r) continue;
    ctx.beginPath();
    if (kind === "nan") {
      const y = box.top + box.height - 2 * r;
      ctx.moveTo(x - r, y - r);
      ctx.lineTo(x + r, y + r);
      ctx.moveTo(x - r, y + r);
      ctx.lineTo(x + r, y - r);
      ctx.stroke();
      continue;
    }
    const [tip, foot] =
      kind === "above" ? [box.top, box.top + 2 * r] : [box.top + box.height, box.top + box.height - 2 * r];
    ctx.moveTo(x, tip);
    ctx.lineTo(x - r, foot);
    ctx.lineTo(x + r, foot);
    ctx.fill();
  }
}

/** Where a line is under the cursor. */
export function paintDot(
  ctx: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  colour: string,
): void {
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 7);
  ctx.fill();
}
