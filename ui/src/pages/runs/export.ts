/** The table as a file: exactly the runs that match, in their order, with the columns that are shown. */
import { address } from "../../api/address";
import type { Selection } from "../../api/selection";
import type { MenuItem } from "../../components/Menu";
import type { Column } from "../../lib/tableColumns";

/** The server's names where they are not the grammar's; null: it has no such column. */
const NAMES: Record<string, string | null> = {
  duration: "duration_s",
  experiment: "experiment_id",
  step: null,
};

function exportAddress(selection: Selection, columns: readonly Column[], format: "csv" | "parquet"): string {
  const named = columns
    .map(one => (one.text in NAMES ? NAMES[one.text] : one.text))
    .filter(name => name != null);
  return address(
    "/api/v1/runs",
    {},
    {
      experiment_id: selection.experiments,
      filter: selection.filter,
      order_by: selection.order,
      view: selection.view,
      format,
      column: [...new Set(["id", ...named])],
    },
  );
}

function download(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

export function exportItems(selection: Selection, columns: readonly Column[]): MenuItem[] {
  return (["csv", "parquet"] as const).map(format => ({
    label: format === "csv" ? "CSV of what is shown" : "Parquet of what is shown",
    act: () => download(exportAddress(selection, columns, format), `runs.${format}`),
  }));
}
