/** A canvas that fills its host, is as sharp as the screen, and is drawn anew when its size or the theme changes. */

import { pngOf } from "./png";
import { onTheme, type Theme, themeOf } from "./theme";

export abstract class Surface {
  protected host: HTMLElement | null = null;
  protected canvas: HTMLCanvasElement | null = null;
  protected theme: Theme | null = null;
  protected width = 0;
  protected height = 0;
  private stops: (() => void)[] = [];
  private frame = 0;

  mount(host: HTMLElement): void {
    this.host = host;
    this.theme = themeOf(host);
    this.canvas = document.createElement("canvas");
    this.canvas.className = "chart-canvas";
    host.prepend(this.canvas);
    const resized = new ResizeObserver(() => this.redraw());
    resized.observe(host);
    this.stops = [
      () => resized.disconnect(),
      onTheme(() => {
        this.theme = themeOf(host);
        this.redraw();
      }),
    ];
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    for (const stop of this.stops) stop();
    this.stops = [];
    this.canvas?.remove();
    this.canvas = null;
    this.host = null;
  }

  /** The picture with the page's background, for a file. */
  toPng(): Promise<Blob | null> {
    const { canvas, theme } = this;
    return canvas && theme ? pngOf(canvas, theme.page) : Promise.resolve(null);
  }

  /** Something listens until `destroy`. */
  protected listen<K extends keyof HTMLElementEventMap>(
    type: K,
    listener: (event: HTMLElementEventMap[K]) => void,
  ): void {
    const host = this.host;
    host?.addEventListener(type, listener);
    this.stops.push(() => host?.removeEventListener(type, listener));
  }

  protected until(stop: () => void): void {
    this.stops.push(stop);
  }

  protected redraw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const { host, canvas, theme } = this;
      if (!host || !canvas || !theme) return;
      this.width = host.clientWidth;
      this.height = host.clientHeight;
      canvas.width = Math.round(this.width * devicePixelRatio);
      canvas.height = Math.round(this.height * devicePixelRatio);
      const ctx = canvas.getContext("2d");
      if (!ctx || this.width < 20 || this.height < 20) return;
      ctx.scale(devicePixelRatio, devicePixelRatio);
      ctx.font = `11px ${theme.font}`;
      this.draw(ctx, theme);
      host.setAttribute("data-drawn", String(Number(host.dataset.drawn ?? 0) + 1));
    });
  }

  /** In pixels of the page. */
  protected abstract draw(ctx: CanvasRenderingContext2D, theme: Theme): void;

  /** The pointer's place in the canvas. */
  protected placeOf(event: MouseEvent): [x: number, y: number] {
    const box = this.canvas?.getBoundingClientRect();
    return [event.clientX - (box?.left ?? 0), event.clientY - (box?.top ?? 0)];
  }
}

/** A text that fits into so many pixels, with a mark where it was cut. */
export function fitted(ctx: CanvasRenderingContext2D, text: string, room: number): string {
  if (ctx.measureText(text).width <= room) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (ctx.measureText(`${text.slice(0, middle)}…`).width <= room) low = middle;
    else high = middle - 1;
  }
  return low ? `${text.slice(0, low)}…` : "";
}
