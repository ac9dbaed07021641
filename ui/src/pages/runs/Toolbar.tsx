import type { Schemas } from "../../api/client";
import type { Selection } from "../../api/selection";
import { Button } from "../../components/Button";
import { Icon } from "../../components/Icon";
import { Menu } from "../../components/Menu";
import { formatCount } from "../../lib/format";
import type { Column, Key } from "../../lib/tableColumns";
import type { ViewState } from "../../lib/viewState";
import { exportItems } from "./export";
import { GroupMenu } from "./GroupMenu";
import { QueryBar } from "./QueryBar";
import { SavedViews } from "./SavedViews";
import type { ChangeView } from "./useView";

interface Props {
  view: ViewState;
  change: ChangeView;
  experiment: number | undefined;
  keys: readonly Key[];
  experiments: readonly number[];
  columns: readonly Column[];
  selection: Selection;
  count: Schemas["Count"] | undefined;
  news: number;
  reload: () => void;
  manage: () => void;
}

/** What is asked and how it is shown. */
export function Toolbar(props: Props) {
  const { view, change, experiment, keys, experiments, columns, selection, count, news, reload, manage } =
    props;
  return (
    <div className="toolbar">
      <QueryBar
        filter={view.filter}
        experiments={experiments}
        view={view.view}
        onFilter={filter => change({ filter })}
      />
      <span className="toolbar-count numbers" role="status">
        {count &&
          `${count.complete ? "" : "≥ "}${formatCount(count.runs)} ${count.runs === 1 ? "run" : "runs"}`}
      </span>
      {news > 0 && (
        <Button onClick={reload} title="Ask for the list anew">
          {formatCount(news)} new or changed
        </Button>
      )}
      <div className="toolbar-group">
        <SavedViews experiment={experiment} />
        <GroupMenu by={view.group} keys={keys} onGroup={group => change({ group })} />
        <Button kind="quiet" onClick={manage}>
          <Icon name="columns" size={14} /> Columns
        </Button>
        <Menu
          button={
            <>
              <Icon name="download" size={14} /> Export
            </>
          }
          label="Export"
          items={() => exportItems(selection, columns)}
        />
        <Menu
          button={<Icon name="more" />}
          label="More of the table"
          icon
          items={[
            {
              label: "Deleted runs",
              checked: view.view === "deleted",
              act: () => change({ view: view.view === "deleted" ? "active" : "deleted" }),
            },
            {
              label: "The newest first",
              disabled: view.order.length === 0,
              act: () => change({ order: [] }),
            },
            {
              label: "The first runs in the charts",
              disabled: view.drawn === null,
              act: () => change({ drawn: null }),
            },
          ]}
        />
      </div>
    </div>
  );
}
