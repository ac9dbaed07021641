import { type ReactNode, useState } from "react";
import { Button } from "../components/Button";
import { Icon } from "../components/Icon";
import { Menu } from "../components/Menu";
import type { Panel } from "../lib/settings";
import { fileName, type Table, toCsv } from "../lib/table";
import { ChartTable } from "./ChartTable";
import { useGrid } from "./grid";
import { PanelBody } from "./PanelBody";
import { Sheet } from "./Sheet";

interface Drawn {
  toTable(): Table;
  toPng(): Promise<Blob | null>;
}

interface Props {
  panel: Panel;
  title: string;
  /** It is shown alone, on the whole screen. */
  large?: boolean;
  chart: Drawn | null;
  zoomed?: boolean;
  unzoom?(): void;
  busy?: boolean;
  /** What can be done with it besides what can be done with all. */
  acts?: readonly { name: string; act(): void }[];
  foot: ReactNode;
  legend?: ReactNode;
  children: ReactNode;
}

/** A panel with its head, its chart (or that as a table), and what is said below. */
export function PanelFrame({
  panel,
  title,
  large,
  chart,
  zoomed,
  unzoom,
  busy,
  acts = [],
  foot,
  legend,
  children,
}: Props) {
  const { edit, settings, change } = useGrid();
  const [table, setTable] = useState<Table | null>(null);
  const [full, setFull] = useState(false);
  const own = settings.panels.findIndex(one => one.id === panel.id);
  const move = (by: number) => {
    const panels = [...settings.panels];
    const [moved] = panels.splice(own, 1);
    if (moved) panels.splice(own + by, 0, moved);
    change({ ...settings, panels }, "push");
  };
  const entries = [
    { name: "Settings…", act: () => edit(panel) },
    {
      name: table ? "Show as chart" : "Show as table",
      act: () => setTable(table ? null : (chart?.toTable() ?? null)),
    },
    {
      name: "Save as PNG",
      act: () => void chart?.toPng().then(blob => blob && save(blob, fileName(title, "png"))),
    },
    { name: "Save as CSV", act: () => chart && save(csv(chart.toTable()), fileName(title, "csv")) },
    ...acts,
    ...(own > 0 ? [{ name: "Move forward", act: () => move(-1) }] : []),
    ...(own >= 0 && own < settings.panels.length - 1 ? [{ name: "Move back", act: () => move(1) }] : []),
    ...(own >= 0
      ? [
          {
            name: "Remove",
            act: () =>
              change({ ...settings, panels: settings.panels.filter(one => one.id !== panel.id) }, "push"),
          },
        ]
      : []),
  ];
  return (
    <section className={large ? "panel large" : "panel"} aria-label={title} aria-busy={busy}>
      <header className="panel-head">
        <h3 className="truncate" title={title}>
          {title}
        </h3>
        {busy && <span className="panel-busy" title="Finer data is on its way" />}
        <div className="panel-tools">
          {zoomed && (
            <Button kind="quiet" className="panel-unzoom" onClick={unzoom} title="Show all of the axis (0)">
              Reset zoom
            </Button>
          )}
          {!large && (
            <Button
              kind="quiet"
              icon
              aria-label={`${title} on the whole screen`}
              onClick={() => setFull(true)}
            >
              <Icon name="expand" size={14} />
            </Button>
          )}
          <Menu
            button={<Icon name="more" size={14} />}
            label={`More about ${title}`}
            items={entries.map(({ name, act }) => ({ label: name, act }))}
            icon
          />
        </div>
      </header>
      <div className="panel-body">
        <div className="panel-chart" hidden={table !== null}>
          {children}
        </div>
        {table && <ChartTable table={table} title={title} />}
      </div>
      {legend}
      <footer className="panel-foot numbers">{foot}</footer>
      {full && (
        <Sheet title={title} close={() => setFull(false)} bare full>
          <PanelBody panel={panel} title={title} large />
        </Sheet>
      )}
    </section>
  );
}

const csv = (table: Table) => new Blob([toCsv(table)], { type: "text/csv;charset=utf-8" });

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
