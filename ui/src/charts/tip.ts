/** The box beside the cursor. Its texts come from people: they are set as text, never as HTML. */

export interface TipRow {
  colour: string;
  dash: boolean;
  label: string;
  value: string;
  note: string;
  near: boolean;
}

export interface TipText {
  title: string;
  rows: TipRow[];
  more: number;
}

export class Tip {
  private readonly element: HTMLElement;

  constructor(private readonly host: HTMLElement) {
    this.element = document.createElement("div");
    this.element.className = "chart-tip";
    this.element.hidden = true;
    this.element.setAttribute("role", "status");
    host.append(this.element);
  }

  hide(): void {
    this.element.hidden = true;
  }

  /** Beside the point (x, y) of the host, on the side that has room. */
  show({ title, rows, more }: TipText, x: number, y: number): void {
    const parts: HTMLElement[] = [part("chart-tip-title", title)];
    for (const row of rows) {
      const line = part(row.near ? "chart-tip-row chart-tip-near" : "chart-tip-row", "");
      const key = part(row.dash ? "chart-key chart-key-dashed" : "chart-key", "");
      key.style.setProperty("--ink", row.colour);
      line.append(key, part("chart-tip-label", row.label), part("chart-tip-value", row.value));
      parts.push(line);
      if (row.note) parts.push(part("chart-tip-note", row.note));
    }
    if (more > 0) parts.push(part("chart-tip-more", `and ${more} more`));
    this.element.replaceChildren(...parts);
    this.element.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const host = this.host.getBoundingClientRect();
    const right = host.left + x + 14 + width <= document.documentElement.clientWidth - 8;
    const left = right || host.left + x - 14 - width < 0 ? x + 14 : x - 14 - width;
    const top = Math.max(-host.top + 8, Math.min(y - height / 2, innerHeight - host.top - height - 8));
    this.element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  destroy(): void {
    this.element.remove();
  }
}

function part(name: string, text: string): HTMLElement {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = text;
  return element;
}
