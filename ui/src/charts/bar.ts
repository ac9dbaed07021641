/** One number of each run (or the mean of a group's) as bars, the greatest first. */

import { cellAxis, cellPixel, cellText, cellTicks } from "../lib/columns";
import type { Table } from "../lib/table";
import type { Focus } from "./focus";
import type { Row, RowsData } from "./points";
import { fitted, Surface } from "./surface";
import { inkOf, type Theme } from "./theme";

const TOP = 6;
const BOTTOM = 22;
const RIGHT = 12;
const GAP = 4;

export class BarChart extends Surface {
  private data: RowsData | null = null;
  private rows: Row[] = [];
  private first = 0;
  private bar = 18;

  constructor(
    private readonly focus: Focus,
    private readonly events: { pick?(id: string): void; said(text: string): void },
  ) {
    super();
  }

  override mount(host: HTMLElement): void {
    super.mount(host);
    this.listen("mousemove", event => this.pointAt(this.rowAt(this.placeOf(event)[1])));
    this.listen("mouseleave", () => this.pointAt(undefined));
    this.listen("click", event => this.pick(this.rowAt(this.placeOf(event)[1])));
    this.listen("wheel", event => {
      const before = this.first;
      this.scroll(this.first + Math.sign(event.deltaY) * 3);
      if (before !== this.first) event.preventDefault();
    });
    this.listen("keydown", event => this.press(event));
    this.until(this.focus.listen(() => this.redraw()));
  }

  update(data: RowsData): void {
    this.data = data;
    const value = (row: Row) => (typeof row.cells[0] === "number" ? row.cells[0] : Number.NEGATIVE_INFINITY);
    this.rows = data.rows.filter(row => typeof row.cells[0] === "number" && Number.isFinite(row.cells[0]));
    this.rows.sort((a, b) => value(b) - value(a));
    this.scroll(this.first);
  }

  toTable(): Table {
    const title = this.data?.titles[0] ?? "value";
    return { columns: ["run", title], rows: this.rows.map(row => [row.label, row.cells[0]!]) };
  }

  protected draw(ctx: CanvasRenderingContext2D, theme: Theme): void {
    const { data, rows, width, height } = this;
    if (!data) return;
    const labels = Math.min(160, width * 0.35);
    const [left, right] = [labels + 8, width - RIGHT];
    const axis = cellAxis(
      data.columns[0] ?? "",
      [...rows.map(row => row.cells[0]!), ...(data.logX ? [] : [0])],
      data.logX,
    );
    if (!axis.log) axis.range = [Math.min(0, axis.range[0]), Math.max(0, axis.range[1])];
    const place = (cell: number) => cellPixel(axis, cell, left, right);
    ctx.textBaseline = "middle";
    for (const tick of cellTicks(axis, Math.max(2, (right - left) / 80))) {
      const x = Math.round(place(tick.at)) + 0.5;
      ctx.fillStyle = theme.border;
      ctx.fillRect(x, TOP, 1, height - TOP - BOTTOM);
      ctx.fillStyle = theme.muted;
      ctx.textAlign = "center";
      ctx.fillText(tick.text, x, height - BOTTOM / 2);
    }
    const shown = this.shown();
    this.bar = Math.min(28, (height - TOP - BOTTOM) / Math.max(1, Math.min(rows.length, shown)));
    const zero = axis.log ? left : place(0);
    const id = this.focus.pointed.run;
    rows.slice(this.first, this.first + shown).forEach((row, i) => {
      const y = TOP + i * this.bar;
      const x = place(row.cells[0] as number);
      ctx.globalAlpha = id === null || id === row.id ? 1 : 0.35;
      ctx.fillStyle = inkOf(row.look, theme).colour;
      ctx.fillRect(Math.min(x, zero), y + GAP / 2, Math.max(1, Math.abs(x - zero)), this.bar - GAP);
      ctx.fillStyle = theme.text;
      ctx.textAlign = "right";
      ctx.fillText(fitted(ctx, row.label, labels), labels, y + this.bar / 2);
      const text = cellText(axis, row.cells[0]!);
      const room = ctx.measureText(text).width + 8;
      const outside = x >= zero && x + room < right;
      ctx.textAlign = "left";
      ctx.fillStyle = outside ? theme.text : theme.page;
      ctx.fillText(text, outside ? x + 5 : Math.max(zero, x) - room + 3, y + this.bar / 2);
    });
    ctx.globalAlpha = 1;
    const left_ = data.rows.length - rows.length;
    const part =
      rows.length > shown ? `${this.first + 1}–${Math.min(rows.length, this.first + shown)} of ` : "";
    this.events.said(`${part}${rows.length} runs${left_ ? ` · ${left_} without it` : ""}`);
  }

  private shown(): number {
    return Math.max(1, Math.floor((this.height - TOP - BOTTOM) / 18));
  }

  private rowAt(y: number): Row | undefined {
    const i = Math.floor((y - TOP) / this.bar);
    return i >= 0 && i < this.shown() ? this.rows[this.first + i] : undefined;
  }

  private pointAt(row: Row | undefined): void {
    this.focus.point({ id: row?.id ?? null, run: row?.id ?? null }, null);
  }

  private scroll(first: number): void {
    this.first = Math.max(0, Math.min(first, this.rows.length - this.shown()));
    this.redraw();
  }

  private press(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: this.shown(), PageUp: -this.shown() }[event.key];
    const at = this.rows.findIndex(row => row.id === this.focus.pointed.run);
    if (event.key === "Enter") this.pick(this.rows[at]);
    else if (step) {
      const next = Math.max(0, Math.min(this.rows.length - 1, at + step));
      this.pointAt(this.rows[next]);
      if (next < this.first) this.scroll(next);
      else if (next >= this.first + this.shown()) this.scroll(next - this.shown() + 1);
    } else return;
    event.preventDefault();
  }

  private pick(row: Row | undefined): void {
    if (row) this.events.pick?.(row.id);
  }
}
