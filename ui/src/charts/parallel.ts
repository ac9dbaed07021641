/**
 * Runs as lines through columns, in the order of the columns. A part of an axis can be brushed, with the pointer or the
 * keyboard; runs that pass through all brushes are told to whoever made the chart.
 */

import {
  type CellAxis,
  cellAxis,
  cellPixel,
  cellText,
  cellTicks,
  cellWithin,
  pixelValue,
} from "../lib/columns";
import type { Range } from "../lib/scales";
import type { Table } from "../lib/table";
import { type Focus, NOTHING } from "./focus";
import type { Row, RowsData } from "./points";
import { inkShade } from "./shades";
import { fitted, Surface } from "./surface";
import { inkOf, type Theme } from "./theme";
import { Tip } from "./tip";

export interface ParallelEvents {
  /** The runs within all brushes; null when there is no brush. */
  brush(ids: string[] | null): void;
  pick?(id: string): void;
  said(text: string): void;
}

const TOP = 34;
const BOTTOM = 16;
const SIDE = 58;
const GRIP = 14; // pixels beside an axis that are still its own
const STEP = 0.05; // of an axis, by which a key moves a brush

export class ParallelChart extends Surface {
  private data: RowsData | null = null;
  private axes: CellAxis[] = [];
  private dragging: { axis: number; from: number; moved: boolean } | null = null;
  private active = 0;
  private tip: Tip | null = null;
  private near: Row | null = null;

  constructor(
    private readonly focus: Focus,
    /** The brushed part of each column; whoever made the chart keeps them. */
    private readonly brushes: Map<string, Range>,
    private readonly events: ParallelEvents,
  ) {
    super();
  }

  override mount(host: HTMLElement): void {
    super.mount(host);
    this.tip = new Tip(host);
    this.listen("pointerdown", event => this.press(event));
    this.listen("pointermove", event => this.move(event));
    this.listen("pointerup", event => this.release(event));
    this.listen("pointerleave", () => this.leave());
    this.listen("blur", () => this.leave());
    this.listen("dblclick", () => {
      this.brushes.clear();
      this.brushed();
    });
    this.listen("keydown", event => this.key(event));
    this.until(this.focus.listen((_pointed, source) => source !== this && this.redraw()));
    this.until(() => this.tip?.destroy());
  }

  update(data: RowsData): void {
    this.data = data;
    this.axes = data.columns.map((column, i) =>
      cellAxis(
        column,
        data.rows.map(row => row.cells[i] ?? null),
        data.logX,
      ),
    );
    for (const column of this.brushes.keys()) if (!data.columns.includes(column)) this.brushes.delete(column);
    this.active = Math.min(this.active, Math.max(0, this.axes.length - 1));
    this.redraw();
  }

  /** The rows within all brushes. */
  inside(): Row[] {
    const rows = this.data?.rows ?? [];
    return rows.filter(row =>
      this.axes.every((axis, i) => {
        const brush = this.brushes.get(axis.column);
        return !brush || cellWithin(axis, row.cells[i] ?? null, brush);
      }),
    );
  }

  toTable(): Table {
    return {
      columns: ["run", ...(this.data?.titles ?? [])],
      rows: this.inside().map(row => [row.label, ...row.cells]),
    };
  }

  protected draw(ctx: CanvasRenderingContext2D, theme: Theme): void {
    const { data, axes } = this;
    if (!data || !axes.length) return;
    const inside = new Set(this.inside());
    const id = this.focus.pointed.run;
    const shade = axes.at(-1)!;
    const colour = (row: Row) => {
      const part = cellPixel(shade, row.cells[axes.length - 1] ?? null, 0, 1);
      return Number.isNaN(part) ? inkOf(row.look, theme).colour : inkShade(part, theme.dark);
    };
    ctx.lineJoin = "round";
    ctx.lineWidth = 1;
    ctx.strokeStyle = theme.muted;
    ctx.globalAlpha = 0.14;
    for (const row of data.rows) if (!inside.has(row)) this.path(ctx, row);
    ctx.globalAlpha = data.rows.length > 60 ? 0.55 : 0.85;
    ctx.lineWidth = 1.4;
    for (const row of inside) {
      ctx.strokeStyle = colour(row);
      this.path(ctx, row);
    }
    ctx.globalAlpha = 1;
    const pointed = data.rows.find(row => row.id === id);
    if (pointed) {
      ctx.lineWidth = 5;
      ctx.strokeStyle = theme.page;
      this.path(ctx, pointed);
      ctx.lineWidth = 2.5;
      ctx.strokeStyle = inkOf(pointed.look, theme).colour;
      this.path(ctx, pointed);
    }
    for (const i of axes.keys()) this.drawAxis(ctx, theme, i);
    this.host?.setAttribute("data-inside", String(inside.size));
    this.events.said(
      this.brushes.size ? `${inside.size} of ${data.rows.length} runs` : `${data.rows.length} runs`,
    );
  }

  private drawAxis(ctx: CanvasRenderingContext2D, theme: Theme, i: number): void {
    const axis = this.axes[i]!;
    const x = this.xOf(i);
    const room = (this.width - 2 * SIDE) / Math.max(1, this.axes.length - 1);
    const bottom = this.height - BOTTOM;
    ctx.fillStyle = theme.muted;
    ctx.fillRect(x - 0.5, TOP, 1, bottom - TOP);
    ctx.textBaseline = "middle";
    ctx.textAlign = i === this.axes.length - 1 ? "left" : "right";
    const side = i === this.axes.length - 1 ? 6 : -6;
    for (const tick of cellTicks(axis, Math.max(2, (bottom - TOP) / 40))) {
      const y = cellPixel(axis, axis.texts ? (axis.texts[tick.at] ?? null) : tick.at, bottom, TOP);
      if (!tick.text || Number.isNaN(y)) continue;
      const text = fitted(ctx, tick.text, i === 0 || i === this.axes.length - 1 ? SIDE - 8 : room - 18);
      ctx.globalAlpha = 0.75;
      ctx.fillStyle = theme.page;
      const wide = ctx.measureText(text).width + 4;
      ctx.fillRect(side > 0 ? x + side - 2 : x + side - wide + 2, y - 7, wide, 14);
      ctx.globalAlpha = 1;
      ctx.fillStyle = theme.muted;
      ctx.fillText(text, x + side, y);
      ctx.fillRect(x - 3, Math.round(y), 6, 1);
    }
    ctx.textAlign = "center";
    ctx.fillStyle = i === this.active && document.activeElement === this.host ? theme.accent : theme.text;
    const edge = Math.min(x, this.width - x) * 2 - 6;
    ctx.fillText(fitted(ctx, this.data?.titles[i] ?? "", Math.min(edge, room - 10 || edge)), x, 14);
    const brush = this.brushes.get(axis.column);
    if (!brush) return;
    const [low, high] = brush.map(value => this.pixelOf(axis, value)) as Range;
    ctx.globalAlpha = 0.22;
    ctx.fillStyle = theme.accent;
    ctx.fillRect(x - 8, high, 16, low - high);
    ctx.globalAlpha = 1;
    ctx.strokeStyle = theme.accent;
    ctx.lineWidth = 1;
    ctx.strokeRect(x - 7.5, high, 15, low - high);
  }

  /** Cells without a place break a line. */
  private path(ctx: CanvasRenderingContext2D, row: Row): void {
    ctx.beginPath();
    let open = false;
    this.axes.forEach((axis, i) => {
      const y = cellPixel(axis, row.cells[i] ?? null, this.height - BOTTOM, TOP);
      if (Number.isNaN(y)) open = false;
      else {
        if (open) ctx.lineTo(this.xOf(i), y);
        else ctx.moveTo(this.xOf(i), y);
        open = true;
      }
    });
    ctx.stroke();
  }

  private xOf(i: number): number {
    return this.axes.length === 1
      ? this.width / 2
      : SIDE + ((this.width - 2 * SIDE) * i) / (this.axes.length - 1);
  }

  private pixelOf(axis: CellAxis, value: number): number {
    if (axis.texts) {
      const [low, high] = axis.range;
      return this.height - BOTTOM + ((value - low) / (high - low)) * (TOP - this.height + BOTTOM);
    }
    return cellPixel(axis, value, this.height - BOTTOM, TOP);
  }

  private press(event: PointerEvent): void {
    const [x, y] = this.placeOf(event);
    const axis = this.axes.findIndex((_axis, i) => Math.abs(this.xOf(i) - x) <= GRIP);
    if (axis < 0 || y < TOP - 6 || event.button !== 0) return;
    this.dragging = { axis, from: y, moved: false };
    this.active = axis;
    this.host?.setPointerCapture(event.pointerId);
  }

  private move(event: PointerEvent): void {
    const [x, y] = this.placeOf(event);
    const { dragging } = this;
    if (dragging) {
      dragging.moved ||= Math.abs(y - dragging.from) > 3;
      if (dragging.moved) this.brush(dragging.axis, dragging.from, y);
      return;
    }
    this.point(x, y);
  }

  private release(event: PointerEvent): void {
    const { dragging } = this;
    this.dragging = null;
    if (dragging && !dragging.moved && this.brushes.delete(this.axes[dragging.axis]!.column)) this.brushed();
    else if (dragging?.moved) this.brushed();
    else if (!dragging && this.near && event.ctrlKey) this.events.pick?.(this.near.id);
  }

  private brush(i: number, from: number, to: number): void {
    const axis = this.axes[i]!;
    const clamp = (y: number) => Math.max(TOP, Math.min(this.height - BOTTOM, y));
    const value = (y: number) => pixelValue(axis, clamp(y), this.height - BOTTOM, TOP);
    this.brushes.set(axis.column, [value(Math.max(from, to)), value(Math.min(from, to))]);
    this.redraw();
  }

  private brushed(): void {
    this.redraw();
    this.events.brush(this.brushes.size ? this.inside().map(row => row.id) : null);
  }

  /** Left and right choose an axis, up and down move its brush, Shift with them the other end; Delete takes it away. */
  private key(event: KeyboardEvent): void {
    const axis = this.axes[this.active];
    if (!axis) return;
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const step = event.key === "ArrowLeft" ? -1 : 1;
      this.active = (this.active + step + this.axes.length) % this.axes.length;
      this.redraw();
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      const [bottom, top] = [this.height - BOTTOM, TOP];
      const brush = this.brushes.get(axis.column) ?? axis.range;
      const [low, high] = brush.map(value => this.pixelOf(axis, value)) as Range;
      const step = (bottom - top) * STEP * (event.key === "ArrowUp" ? -1 : 1);
      if (event.shiftKey) this.brush(this.active, low, Math.min(low - 4, high + step));
      else this.brush(this.active, Math.max(high + 4, low + step), high);
      this.brushed();
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.brushes.delete(axis.column);
      this.brushed();
    } else if (event.key === "Escape") {
      this.brushes.clear();
      this.brushed();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private point(x: number, y: number): void {
    const { data, theme } = this;
    if (!data || !theme) return;
    let best = 12;
    let found: Row | null = null;
    for (const row of this.inside())
      for (let i = 0; i + 1 < this.axes.length || i === 0; i++) {
        const [x0, x1] = [this.xOf(i), this.xOf(Math.min(i + 1, this.axes.length - 1))];
        if (x < x0 - 12 || x > x1 + 12) continue;
        const [y0, y1] = [i, Math.min(i + 1, this.axes.length - 1)].map(at =>
          cellPixel(this.axes[at]!, row.cells[at] ?? null, this.height - BOTTOM, TOP),
        ) as Range;
        const far = Math.abs(y - (x1 === x0 ? y0 : y0 + ((x - x0) / (x1 - x0)) * (y1 - y0)));
        if (far < best) [best, found] = [far, row];
      }
    this.near = found;
    this.focus.point({ id: found?.id ?? null, run: found?.id ?? null }, this);
    this.redraw();
    if (!found) {
      this.tip?.hide();
      return;
    }
    const rows = data.titles.map((title, i) => ({
      colour: i === 0 ? inkOf(found.look, theme).colour : "transparent",
      dash: false,
      label: title,
      value: cellText(this.axes[i]!, found.cells[i] ?? null),
      note: "",
      near: false,
    }));
    this.tip?.show({ title: found.label, rows, more: 0 }, x, y);
  }

  private leave(): void {
    if (this.dragging) return;
    this.near = null;
    this.focus.point(NOTHING, this);
    this.tip?.hide();
    this.redraw();
  }
}
