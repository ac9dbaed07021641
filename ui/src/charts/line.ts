/**
 * Many traces over one axis. uPlot lays out the axes, follows the pointer and selects; what is drawn between the axes
 * is ours (`paint.ts`), since a bucket has extremes.
 */

import "./language"; // first: uPlot asks for it
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Look } from "../lib/colours";
import { type Drawn, project, rangeOf, type Said, saying, spanOf } from "../lib/pixels";
import { padded, type Range, type Scale } from "../lib/scales";
import type { Table } from "../lib/table";
import { type AxisKind, ticks } from "../lib/ticks";
import type { Trace } from "../lib/traces";
import { type Place, placeOf, type Reading, readingsAt, tipOf } from "./cursor";
import { type Focus, NOTHING } from "./focus";
import { wantsComment, wishOf } from "./keys";
import { traceTable } from "./lineTable";
import { paintDot, paintExtremes, paintLine, paintMarks, type Strokes } from "./paint";
import { frameOf, type Side, TICK_PX } from "./plot";
import { pngOf } from "./png";
import { inkOf, onTheme, type Theme, themeOf } from "./theme";
import { Tip } from "./tip";

export interface Shown extends Trace {
  /** Its metric. */
  key: string;
  label: string;
  look: Look;
}

export interface LineData {
  traces: Shown[];
  /** What runs along x, as the focus names it: charts with the same share a cursor. */
  axis: string;
  kind: AxisKind;
  integral: boolean;
  logX: boolean;
  logY: boolean;
  smoothed: boolean;
  /** The part of x that is looked at; null for all. */
  zoom: Range | null;
  /** The range of all traces when nothing is zoomed, so that what has no points in a zoom keeps its axis. */
  span: Range | null;
  /** Along y; null where the data decides. */
  yRange: [number | null, number | null];
  /** Where y ends without outliers; null to see all. */
  crop: Range | null;
}

export interface LineEvents {
  zoom(range: Range | null): void;
  said(said: Said): void;
  pick?(id: string): void;
  /** It was drawn with this axis, in pixels of the page from the chart's left edge. */
  placed?(x: Scale): void;
  /** Somebody wants to say something there. */
  comment?(place: Place): void;
}

export class LineChart {
  private plot: uPlot | null = null;
  private host: HTMLElement | null = null;
  private over: HTMLCanvasElement | null = null;
  private tip: Tip | null = null;
  private data: LineData | null = null;
  private drawn: Drawn[] = [];
  private theme: Theme | null = null;
  private x: Range = [0, 1];
  private y: Range = [0, 1];
  private stops: (() => void)[] = [];
  private frame = 0;
  private pointer = false;

  constructor(
    private readonly focus: Focus,
    private readonly events: LineEvents,
  ) {}

  mount(host: HTMLElement): void {
    this.host = host;
    this.theme = themeOf(host);
    this.tip = new Tip(host);
    const resized = new ResizeObserver(() => this.resize());
    resized.observe(host);
    const key = (event: KeyboardEvent) => this.press(event);
    const write = (event: KeyboardEvent) => this.write(event);
    const blur = () => this.leave();
    host.addEventListener("keydown", key);
    host.addEventListener("blur", blur);
    addEventListener("keydown", write); // the pointer alone gives a chart no focus
    this.stops = [
      () => resized.disconnect(),
      () => host.removeEventListener("keydown", key),
      () => host.removeEventListener("blur", blur),
      () => removeEventListener("keydown", write),
      onTheme(() => {
        this.theme = themeOf(host);
        this.plot?.redraw(false, true);
      }),
      this.focus.listen((_pointed, source) => this.follow(source)),
    ];
  }

  update(data: LineData): void {
    const before = this.data;
    this.data = data;
    this.range();
    if (!this.host || this.host.clientWidth < 20) return;
    if (!this.plot || before?.logX !== data.logX || before?.logY !== data.logY) this.build();
    else this.draw();
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    for (const stop of this.stops) stop();
    this.stops = [];
    this.plot?.destroy();
    this.tip?.destroy();
    this.plot = null;
    this.host = null;
  }

  /** What is drawn in the window that is seen, in full numbers. */
  toTable(): Table {
    return this.data ? traceTable(this.data, this.x) : { columns: [], rows: [] };
  }

  /** The picture with the page's background, for a file. */
  toPng(): Promise<Blob | null> {
    const { plot, theme } = this;
    return plot && theme ? pngOf(plot.ctx.canvas, theme.page) : Promise.resolve(null);
  }

  private range(): void {
    const data = this.data;
    if (!data) return;
    const span = data.zoom ?? data.span ?? spanOf(data.traces, data.logX, data.integral);
    this.x = data.zoom ? data.zoom : span && span[1] > span[0] ? span : padded(span, data.logX);
    const auto = data.crop ?? rangeOf(data.traces, data.logY, this.x);
    const [low, high] = padded(auto, data.logY);
    const [least, most] = data.yRange;
    const positive = (value: number | null) => (data.logY && value !== null && value <= 0 ? null : value);
    this.y = [positive(least) ?? low, positive(most) ?? high];
    if (!(this.y[1] > this.y[0])) this.y = padded([this.y[0], this.y[0]], data.logY);
  }

  private build(): void {
    const { host, data } = this;
    if (!host || !data) return;
    this.plot?.destroy();
    this.plot = new uPlot(
      {
        ...frameOf({
          size: [host.clientWidth, host.clientHeight],
          log: { x: data.logX, y: data.logY },
          range: side => (side === "x" ? this.x : this.y),
          ticks: (side, plot) => this.ticks(side, plot),
          theme: () => this.theme,
        }),
        hooks: {
          draw: [plot => this.paint(plot)],
          setCursor: [plot => this.moved(plot)],
          setSelect: [plot => this.selected(plot)],
        },
      },
      [this.x, [null, null]],
      host,
    );
    const over = document.createElement("canvas");
    over.className = "chart-over";
    this.plot.over.prepend(over);
    this.over = over;
    this.plot.over.addEventListener("dblclick", () => this.events.zoom(null));
    this.plot.over.addEventListener("mouseenter", () => {
      this.pointer = true;
    });
    this.plot.over.addEventListener("mouseleave", () => this.leave());
    this.plot.over.addEventListener("click", event => {
      const { run } = this.focus.pointed;
      if (run && event.ctrlKey) this.events.pick?.(run);
    });
  }

  private draw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      this.plot?.batch(() => {
        this.plot?.setData([this.x, [null, null]], false);
        this.plot?.setScale("x", { min: this.x[0], max: this.x[1] });
        this.plot?.setScale("y", { min: this.y[0], max: this.y[1] });
        this.plot?.redraw(false, true);
      });
    });
  }

  private resize(): void {
    const { host } = this;
    if (!host || !this.data || host.clientWidth < 20) return;
    if (!this.plot) this.build();
    else this.plot.setSize({ width: host.clientWidth, height: host.clientHeight });
  }

  private ticks(side: Side, plot: uPlot) {
    const data = this.data;
    if (!data) return [];
    const [low, high] = side === "x" ? this.x : this.y;
    const room = side === "x" ? plot.width - 60 : plot.height - 34; // the plot's own box is not known yet
    const kind = (side === "x" ? data.logX : data.logY) ? "log" : side === "x" ? data.kind : "number";
    return ticks(
      low,
      high,
      Math.max(2, Math.floor(room / TICK_PX[side])),
      kind,
      side === "x" && data.integral,
    );
  }

  /** Scales in pixels of the canvas. */
  private scales(plot: uPlot): { x: Scale; y: Scale } {
    const { left, top, width, height } = plot.bbox;
    const { logX = false, logY = false } = this.data ?? {};
    return {
      x: { log: logX, low: this.x[0], high: this.x[1], from: left, to: left + width },
      y: { log: logY, low: this.y[0], high: this.y[1], from: top + height, to: top },
    };
  }

  private strokes(plot: uPlot): Strokes {
    const { data } = this;
    return {
      traces: data?.traces.length ?? 0,
      ratio: devicePixelRatio,
      smoothed: data?.smoothed ?? false,
      box: plot.bbox,
    };
  }

  private paint(plot: uPlot): void {
    const { data, theme } = this;
    if (!data || !theme) return;
    const { ctx, bbox } = plot;
    const { x, y } = this.scales(plot);
    const strokes = this.strokes(plot);
    this.drawn = data.traces.map(trace => project(trace, x, y));
    const inks = data.traces.map(trace => inkOf(trace.look, theme));
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const [i, drawn] of this.drawn.entries()) paintExtremes(ctx, drawn, inks[i]!, strokes);
    for (const [i, drawn] of this.drawn.entries()) paintLine(ctx, drawn, inks[i]!, strokes);
    for (const [i, drawn] of this.drawn.entries()) paintMarks(ctx, drawn, inks[i]!, strokes);
    ctx.restore();
    this.events.said(saying(data.traces, x, data.logY));
    this.events.placed?.({ ...x, from: x.from / devicePixelRatio, to: x.to / devicePixelRatio });
    this.host?.setAttribute("data-drawn", String(Number(this.host.dataset.drawn ?? 0) + 1));
    this.place();
    this.overlay();
  }

  private moved(plot: uPlot): void {
    const { left } = plot.cursor;
    if (!this.pointer || !this.data || left === undefined || left < 0) return;
    this.focus.point({ axis: this.data.axis, x: plot.posToVal(left, "x") }, this);
    this.overlay();
  }

  private readings(x: number, y: number | null): Reading {
    const { data, plot } = this;
    if (!data || !plot) return { rows: [], near: null };
    return readingsAt(
      data.traces,
      x,
      value => plot.valToPos(value, "y"),
      y === null ? null : plot.valToPos(y, "y"),
    );
  }

  private leave(): void {
    this.pointer = false;
    this.focus.point(NOTHING, this);
    this.overlay();
  }

  private follow(source: unknown): void {
    if (source === this || !this.plot) return;
    this.pointer = false; // it is elsewhere now
    this.place();
    this.overlay();
  }

  /** The cursor stands where that of the chart stands in which the pointer is. */
  private place(): void {
    const { axis, x } = this.focus.pointed;
    const { plot, data } = this;
    if (this.pointer || !plot || !data) return;
    const mine = x !== null && axis === data.axis && x >= this.x[0] && x <= this.x[1];
    plot.setCursor({ left: mine ? plot.valToPos(x, "x") : -10, top: mine ? 0 : -10 }, false);
  }

  /** What follows the cursor: the line that is pointed at, dots, and the box of values. */
  private overlay(): void {
    const { plot, over, data, theme, tip } = this;
    if (!plot || !over || !data || !theme) return;
    const { axis, x } = this.focus.pointed;
    const here = x !== null && axis === data.axis;
    const reading = here
      ? this.readings(x, this.pointer ? plot.posToVal(plot.cursor.top ?? 0, "y") : null)
      : null;
    if (this.pointer && reading)
      this.focus.point({ id: reading.near?.id ?? null, run: reading.near?.run ?? null }, this);
    const { id, run } = this.focus.pointed;
    const { width, height, left, top } = plot.bbox;
    if (over.width !== width || over.height !== height) {
      over.width = width;
      over.height = height;
    }
    const ctx = over.getContext("2d");
    ctx?.clearRect(0, 0, width, height);
    if (!ctx) return;
    const strokes = this.strokes(plot);
    ctx.save();
    ctx.translate(-left, -top);
    const ofRun = data.traces.findIndex(trace => run !== null && trace.run === run);
    const pointed = Math.max(
      data.traces.findIndex(trace => trace.id === id),
      id === null ? -1 : ofRun,
    );
    const drawn = this.drawn[pointed];
    if (drawn && data.traces.length > 1) {
      ctx.globalAlpha = 0.55;
      ctx.fillStyle = theme.page;
      ctx.fillRect(left, top, width, height);
      ctx.globalAlpha = 1;
      const ink = inkOf(data.traces[pointed]!.look, theme);
      paintExtremes(ctx, drawn, ink, strokes);
      paintLine(ctx, drawn, ink, strokes, true);
    }
    ctx.restore();
    if (!here || !reading) {
      tip?.hide();
      return;
    }
    for (const row of reading.rows) {
      const y = plot.valToPos(row.value, "y", true) - top;
      if (!Number.isFinite(y)) continue;
      const radius = (row.trace.id === id ? 4 : 2.5) * devicePixelRatio;
      const { colour } = inkOf(row.trace.look, theme);
      paintDot(ctx, plot.valToPos(row.x, "x", true) - left, y, radius, colour);
    }
    if (!this.pointer || !tip) {
      tip?.hide();
      return;
    }
    const text = tipOf(reading, data, x, look => inkOf(look, theme));
    const place = plot.valToPos(x, "x") + plot.over.offsetLeft;
    tip.show(text, place, (plot.cursor.top ?? 0) + plot.over.offsetTop);
  }

  private selected(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 4) return;
    const range: Range = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.events.zoom(range);
  }

  private write(event: KeyboardEvent): void {
    const { axis, x } = this.focus.pointed;
    if (!this.pointer || !this.plot || x === null || axis !== "step" || !wantsComment(event)) return;
    const place = placeOf(this.readings(x, this.plot.posToVal(this.plot.cursor.top ?? 0, "y")), x);
    if (!place) return;
    event.preventDefault();
    this.events.comment?.(place);
  }

  private press(event: KeyboardEvent): void {
    const { plot, data } = this;
    if (!plot || !data) return;
    const width = plot.bbox.width / devicePixelRatio;
    const at = plot.cursor.left !== undefined && plot.cursor.left >= 0 ? plot.cursor.left : width / 2;
    const wish = wishOf(event, at, width);
    if (!wish) return;
    event.preventDefault();
    event.stopPropagation();
    if (wish.kind === "leave") this.leave();
    else if (wish.kind === "all") this.events.zoom(null);
    else if (wish.kind === "zoom")
      this.events.zoom([plot.posToVal(wish.from, "x"), plot.posToVal(wish.to, "x")]);
    else {
      this.pointer = true;
      plot.setCursor({ left: wish.at, top: plot.bbox.height / devicePixelRatio / 2 });
    }
  }
}
