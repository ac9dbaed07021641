import { useEffect, useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { searchOf, useSavedView, useSavedViews, useViewAct, type ViewHead } from "../../api/views";
import { Icon } from "../../components/Icon";
import { Menu, type MenuItem } from "../../components/Menu";
import { TextDialog } from "../../components/TextDialog";
import { undoable } from "../../lib/history";

interface Props {
  experiment: number | undefined;
}

const SAVED = "saved";

/** The state of the page without the name of the view that it came from. */
function stateOf(params: URLSearchParams): string {
  const state = new URLSearchParams(params);
  state.delete(SAVED);
  return state.toString();
}

/** Opens, saves and changes named views. The address keeps which one was opened, and says what differs from it. */
export function SavedViews({ experiment }: Props) {
  const [params] = useSearchParams();
  const [path, navigate] = useLocation();
  const [asking, setAsking] = useState<"save" | "rename" | null>(null);
  const views = useSavedViews(experiment);
  const act = useViewAct();
  const id = params.get(SAVED) ?? "";
  const opened = useSavedView(id);
  const state = stateOf(params);
  const own = opened.data ? searchOf(opened.data) : null;
  const differs = own !== null && state !== own;

  const go = (view: ViewHead | null, search: string, replace = false) => {
    const next = new URLSearchParams(search);
    if (view) next.set(SAVED, view.id);
    navigate(`${path}?${next}`, { replace, state: replace ? history.state : undoable });
  };
  // An address that names a view and nothing else means that view.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the view has come
  useEffect(() => {
    if (opened.data && own && state === "") go(opened.data, own, true);
  }, [opened.data]);

  const open = async (view: ViewHead) => navigate(`${path}?${SAVED}=${view.id}`, { state: undoable });
  const close = () => {
    setAsking(null);
    act.reset();
  };
  const items = (): (MenuItem | null)[] => {
    const list: (MenuItem | null)[] = (views.data ?? []).map(view => ({
      label: view.name,
      hint: view.author,
      checked: view.id === id,
      act: () => void open(view),
    }));
    const view = opened.data;
    return [
      ...list,
      ...(list.length ? [null] : []),
      { label: "Save as a new view…", act: () => setAsking("save") },
      ...(view
        ? [
            {
              label: `Save into ${view.name}`,
              disabled: !differs,
              act: () => act.mutate({ act: "update", view, search: state }),
            },
            { label: `Back to ${view.name} as saved`, disabled: !differs, act: () => go(view, own ?? "") },
            { label: "Rename…", act: () => setAsking("rename") },
            {
              label: `Delete ${view.name}`,
              danger: true,
              act: () => act.mutate({ act: "delete", view }, { onSuccess: () => go(null, state, true) }),
            },
          ]
        : []),
    ];
  };
  return (
    <>
      <Menu
        button={
          <>
            <Icon name="star" size={14} />
            <span className="truncate saved-name">
              {opened.data ? `${opened.data.name}${differs ? " (changed)" : ""}` : "Views"}
            </span>
          </>
        }
        label="Saved views"
        items={items}
      />
      {act.error && !asking && (
        <span className="bulk-told" role="alert">
          {act.error.message}
        </span>
      )}
      {asking === "save" && (
        <TextDialog
          title="Save the view"
          label="Name, which everybody sees"
          act="Save"
          busy={act.isPending}
          error={act.error}
          onText={name =>
            act.mutate(
              { act: "save", name, search: state, experiment },
              {
                onSuccess: made => {
                  close();
                  if (made) go(made, state, true);
                },
              },
            )
          }
          onClose={close}
        />
      )}
      {asking === "rename" && opened.data && (
        <TextDialog
          title={`Rename ${opened.data.name}`}
          label="Name"
          value={opened.data.name}
          act="Rename"
          busy={act.isPending}
          error={act.error}
          onText={name =>
            opened.data && act.mutate({ act: "rename", view: opened.data, name }, { onSuccess: close })
          }
          onClose={close}
        />
      )}
    </>
  );
}
