/**
 * Values over steps as shades: one row for each run, or for each bin of a histogram.
 *
 * A row's cells may begin where they like and be as wide as they like along x. What falls on one pixel is drawn in the
 * order in which it comes; the table has all of it.
 */

import { formatCount, formatNumber } from "../lib/format";
import { padded, type Range, type Scale, toPixel, toValue } from "../lib/scales";
import type { Table } from "../lib/table";
import { type AxisKind, ticks } from "../lib/ticks";
import { type Focus, NOTHING } from "./focus";
import { shadeOf } from "./shades";
import { fitted, Surface } from "./surface";
import type { Theme } from "./theme";
import { Tip } from "./tip";

export interface HeatRow {
  /** A run, or empty. */
  id: string;
  label: string;
  from: Float64Array;
  to: Float64Array;
  value: Float64Array;
}

export interface HeatData {
  rows: HeatRow[];
  kind: AxisKind;
  integral: boolean;
  axis: string;
  /** Shades by the logarithm, where all values are positive. */
  log: boolean;
  /** What a value is: "loss", or "count". */
  what: string;
}

const TOP = 8;
const BOTTOM = 24;
const RIGHT = 62;

export class Heatmap extends Surface {
  private data: HeatData | null = null;
  private x: Range = [0, 1];
  private shade: Scale = { log: false, low: 0, high: 1, from: 0, to: 1 };
  private tip: Tip | null = null;
  private left = 0;
  private at: { row: number; x: number } | null = null;

  constructor(
    private readonly focus: Focus,
    private readonly events: { said(text: string): void; pick?(id: string): void },
  ) {
    super();
  }

  override mount(host: HTMLElement): void {
    super.mount(host);
    this.tip = new Tip(host);
    this.listen("mousemove", event => this.point(...this.placeOf(event)));
    this.listen("mouseleave", () => this.choose(null));
    this.listen("blur", () => this.choose(null));
    this.listen("keydown", event => this.press(event));
    this.until(() => this.tip?.destroy());
  }

  update(data: HeatData): void {
    this.data = data;
    let [low, high] = [Infinity, -Infinity];
    let [least, most] = [Infinity, -Infinity];
    for (const { from, to, value } of data.rows)
      for (let i = 0; i < value.length; i++) {
        low = Math.min(low, from[i]!);
        high = Math.max(high, to[i]!);
        if (!Number.isFinite(value[i]!) || (data.log && value[i]! <= 0)) continue;
        least = Math.min(least, value[i]!);
        most = Math.max(most, value[i]!);
      }
    this.x = high > low ? [low, high] : padded(low <= high ? [low, high] : null, false);
    const [from, to] = least < most ? [least, most] : padded(least <= most ? [least, most] : null, data.log);
    this.shade = { log: data.log, low: from, high: to, from: 0, to: 1 };
    this.redraw();
  }

  toTable(): Table {
    const { data } = this;
    const rows: Table["rows"] = [];
    for (const row of data?.rows ?? [])
      for (let i = 0; i < row.value.length; i++)
        rows.push([row.label, row.from[i]!, row.to[i]!, row.value[i]!]);
    return { columns: ["row", "from", "to", data?.what ?? "value"], rows };
  }

  protected draw(ctx: CanvasRenderingContext2D, theme: Theme): void {
    const { data, width, height } = this;
    if (!data) return;
    const labels = Math.max(0, ...data.rows.map(row => ctx.measureText(row.label).width));
    this.left = Math.min(labels + 12, width * 0.3, 160);
    const bottom = height - BOTTOM;
    const tall = (bottom - TOP) / Math.max(1, data.rows.length);
    const x = this.scale();
    ctx.textBaseline = "middle";
    ctx.textAlign = "right";
    const every = Math.max(1, Math.ceil(13 / tall));
    data.rows.forEach((row, r) => {
      const y = TOP + r * tall;
      for (let i = 0; i < row.value.length; i++) {
        const value = row.value[i]!;
        ctx.fillStyle = shadeOf(Number.isFinite(value) ? toPixel(this.shade, value) : Number.NaN);
        const start = Math.floor(toPixel(x, row.from[i]!));
        const end = Math.ceil(toPixel(x, row.to[i]!));
        ctx.fillRect(start, y, Math.max(1, end - start), Math.max(1, tall > 6 ? tall - 1 : tall + 0.5));
      }
      if (r % every) return;
      ctx.fillStyle = theme.muted;
      ctx.fillText(fitted(ctx, row.label, this.left - 10), this.left - 6, y + tall / 2);
    });
    ctx.textAlign = "center";
    ctx.fillStyle = theme.muted;
    for (const tick of ticks(
      ...this.x,
      Math.max(2, (width - this.left - RIGHT) / 90),
      data.kind,
      data.integral,
    ))
      ctx.fillText(tick.text, toPixel(x, tick.at), bottom + 13);
    this.drawShades(ctx, theme, bottom);
    this.events.said(`${formatCount(data.rows.length)} rows`);
  }

  private drawShades(ctx: CanvasRenderingContext2D, theme: Theme, bottom: number): void {
    const [left, tall] = [this.width - RIGHT + 12, bottom - TOP];
    for (let y = 0; y < tall; y++) {
      ctx.fillStyle = shadeOf(1 - y / tall);
      ctx.fillRect(left, TOP + y, 8, 1.5);
    }
    ctx.fillStyle = theme.muted;
    ctx.textAlign = "left";
    for (const part of [0, 0.5, 1])
      ctx.fillText(formatNumber(toValue(this.shade, part), 3), left + 11, TOP + 5 + (1 - part) * (tall - 10));
  }

  private scale(): Scale {
    return { log: false, low: this.x[0], high: this.x[1], from: this.left, to: this.width - RIGHT };
  }

  private point(px: number, py: number): void {
    const rows = this.data?.rows.length ?? 0;
    const row = Math.floor(((py - TOP) / (this.height - BOTTOM - TOP)) * rows);
    const inside = row >= 0 && row < rows && px >= this.left && px <= this.width - RIGHT;
    this.choose(inside ? { row, x: toValue(this.scale(), px) } : null);
  }

  private choose(at: { row: number; x: number } | null): void {
    this.at = at;
    const { data } = this;
    const row = at && data?.rows[at.row];
    this.focus.point(
      row && data ? { axis: data.axis, x: at.x, id: row.id || null, run: row.id || null } : NOTHING,
      this,
    );
    if (!row || !data) {
      this.tip?.hide();
      return;
    }
    const i = row.from.findIndex((from, k) => at.x >= from && at.x <= row.to[k]!);
    const value = i < 0 ? Number.NaN : row.value[i]!;
    const tall = (this.height - BOTTOM - TOP) / data.rows.length;
    this.tip?.show(
      {
        title: row.label,
        rows: [
          {
            colour: shadeOf(toPixel(this.shade, value)),
            dash: false,
            label: data.what,
            value: i < 0 ? "–" : formatNumber(value, 5),
            note: `${data.axis.replaceAll("_", " ")} ${formatNumber(i < 0 ? at.x : row.from[i]!, 6)}`,
            near: true,
          },
        ],
        more: 0,
      },
      toPixel(this.scale(), at.x),
      TOP + (at.row + 0.5) * tall,
    );
  }

  private press(event: KeyboardEvent): void {
    const { data } = this;
    const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const down = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.key === "Escape") this.choose(null);
    else if (data?.rows.length && (across || down)) {
      const from = this.at ?? { row: 0, x: this.x[0] };
      const row = Math.max(0, Math.min(data.rows.length - 1, from.row + (down ?? 0)));
      const x = Math.max(
        this.x[0],
        Math.min(this.x[1], from.x + ((across ?? 0) * (this.x[1] - this.x[0])) / 100),
      );
      this.choose({ row, x });
    } else return;
    event.preventDefault();
  }
}
