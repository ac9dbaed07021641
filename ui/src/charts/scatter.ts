/** Runs as points of two columns, and a third as their shade. Rows without a number on both axes are told below. */

import { type CellAxis, cellAxis, cellPixel, cellText, cellTicks } from "../lib/columns";
import type { Table } from "../lib/table";
import type { Focus } from "./focus";
import type { Row, RowsData } from "./points";
import { inkShade } from "./shades";
import { fitted, Surface } from "./surface";
import { inkOf, type Theme } from "./theme";
import { Tip } from "./tip";

export interface ScatterEvents {
  pick?(id: string): void;
  said(text: string): void;
}

const LEFT = 54;
const BOTTOM = 38;
const TOP = 10;
const RIGHT = 14;
const NEAR = 18;

export class ScatterChart extends Surface {
  private data: RowsData | null = null;
  private axes: CellAxis[] = [];
  private places: { row: Row; x: number; y: number }[] = [];
  private tip: Tip | null = null;
  private at = -1;

  constructor(
    private readonly focus: Focus,
    private readonly events: ScatterEvents,
  ) {
    super();
  }

  override mount(host: HTMLElement): void {
    super.mount(host);
    this.tip = new Tip(host);
    this.listen("mousemove", event => this.point(...this.placeOf(event)));
    this.listen("mouseleave", () => this.choose(-1));
    this.listen("blur", () => this.choose(-1));
    this.listen("click", () => this.pick());
    this.listen("keydown", event => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step) this.choose((this.at + step + this.places.length) % Math.max(1, this.places.length));
      else if (event.key === "Enter") this.pick();
      else if (event.key === "Escape") this.choose(-1);
      else return;
      event.preventDefault();
    });
    this.until(this.focus.listen((_pointed, source) => source !== this && this.redraw()));
    this.until(() => this.tip?.destroy());
  }

  update(data: RowsData): void {
    this.data = data;
    const log = [data.logX, data.logY, false];
    this.axes = data.columns.map((column, i) =>
      cellAxis(
        column,
        data.rows.map(row => row.cells[i] ?? null),
        log[i],
      ),
    );
    this.redraw();
  }

  toTable(): Table {
    const { data } = this;
    return {
      columns: ["run", ...(data?.titles ?? [])],
      rows: (data?.rows ?? []).map(row => [row.label, ...row.cells]),
    };
  }

  protected draw(ctx: CanvasRenderingContext2D, theme: Theme): void {
    const { data, width, height } = this;
    const [x, y, shade] = this.axes;
    if (!data || !x || !y) return;
    const [right, bottom] = [width - RIGHT, height - BOTTOM];
    frame(ctx, theme, data, x, y, right, bottom);
    this.places = [];
    for (const row of data.rows) {
      const [px, py] = [cellPixel(x, row.cells[0]!, LEFT, right), cellPixel(y, row.cells[1]!, bottom, TOP)];
      if (Number.isFinite(px) && Number.isFinite(py)) this.places.push({ row, x: px, y: py });
    }
    this.places.sort((a, b) => a.x - b.x);
    const id = this.focus.pointed.run;
    for (const { row, x: px, y: py } of this.places) {
      const part = shade && cellPixel(shade, row.cells[2]!, 0, 1);
      ctx.fillStyle = part === undefined ? inkOf(row.look, theme).colour : inkShade(part, theme.dark);
      ctx.globalAlpha = id === null || row.id === id ? 0.85 : 0.25;
      ctx.beginPath();
      ctx.arc(px, py, row.id === id ? 6 : 4, 0, 7);
      ctx.fill();
    }
    ctx.globalAlpha = 1;
    const left = data.rows.length - this.places.length;
    this.events.said(`${this.places.length} runs${left ? ` · ${left} without both values` : ""}`);
  }

  private point(x: number, y: number): void {
    let best = NEAR;
    let found = -1;
    this.places.forEach((place, i) => {
      const far = Math.hypot(place.x - x, place.y - y);
      if (far < best) [best, found] = [far, i];
    });
    this.choose(found);
  }

  private choose(at: number): void {
    this.at = at;
    const place = this.places[at];
    const { data, theme } = this;
    this.focus.point({ id: place?.row.id ?? null, run: place?.row.id ?? null }, this);
    this.redraw();
    if (!place || !data || !theme) {
      this.tip?.hide();
      return;
    }
    const rows = data.titles.map((title, i) => ({
      colour: i === 0 ? inkOf(place.row.look, theme).colour : "transparent",
      dash: false,
      label: title,
      value: cellText(this.axes[i]!, place.row.cells[i]!),
      note: "",
      near: false,
    }));
    this.tip?.show({ title: place.row.label, rows, more: 0 }, place.x, place.y);
  }

  private pick(): void {
    const place = this.places[this.at];
    if (place) this.events.pick?.(place.row.id);
  }
}

function frame(
  ctx: CanvasRenderingContext2D,
  theme: Theme,
  data: RowsData,
  x: CellAxis,
  y: CellAxis,
  right: number,
  bottom: number,
): void {
  ctx.strokeStyle = theme.border;
  ctx.fillStyle = theme.muted;
  ctx.textBaseline = "middle";
  for (const tick of cellTicks(y, Math.max(2, (bottom - TOP) / 44))) {
    const py = Math.round(cellPixel(y, y.texts ? tick.text || null : tick.at, bottom, TOP)) + 0.5;
    if (Number.isNaN(py)) continue;
    line(ctx, LEFT, py, right, py);
    ctx.textAlign = "right";
    ctx.fillText(fitted(ctx, tick.text, LEFT - 10), LEFT - 6, py);
  }
  const texts = cellTicks(x, Math.max(2, (right - LEFT) / 90));
  for (const tick of texts) {
    const px = Math.round(cellPixel(x, x.texts ? tick.text || null : tick.at, LEFT, right)) + 0.5;
    if (Number.isNaN(px)) continue;
    line(ctx, px, TOP, px, bottom);
    ctx.textAlign = "center";
    ctx.fillText(
      fitted(ctx, tick.text, (right - LEFT) / Math.max(1, Math.min(texts.length, 8))),
      px,
      bottom + 11,
    );
  }
  ctx.fillStyle = theme.text;
  ctx.textAlign = "center";
  ctx.fillText(fitted(ctx, data.titles[0] ?? "", right - LEFT), (LEFT + right) / 2, bottom + 28);
  ctx.save();
  ctx.translate(8, (TOP + bottom) / 2);
  ctx.rotate(-Math.PI / 2);
  ctx.fillText(fitted(ctx, data.titles[1] ?? "", bottom - TOP), 0, 0);
  ctx.restore();
}

function line(ctx: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}
