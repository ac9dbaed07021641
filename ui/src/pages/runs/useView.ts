/** The view in the address: what it is now, and how it changes. */
import { useCallback, useMemo } from "react";
import { useLocation, useSearch } from "wouter";
import { changed, undoable } from "../../lib/history";
import { readView, type ViewState, writeView } from "../../lib/viewState";

export type ChangeView = (change: Partial<ViewState>, how?: { replace?: boolean }) => void;

/** The view, and what changes it; each change can be undone by going back. */
export function useView(): [ViewState, ChangeView] {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const state = useMemo(() => readView(new URLSearchParams(search)), [search]);
  const change = useCallback<ChangeView>(
    (given, { replace = false } = {}) => {
      const params = new URLSearchParams(location.search); // several changes may come before the next drawing
      const next = { ...readView(params), ...given };
      const text = writeView(next, params).toString();
      if (text === params.toString()) return;
      if (!replace) changed();
      navigate(text ? `${path}?${text}` : path, { replace, state: replace ? history.state : undoable });
    },
    [navigate, path],
  );
  return [state, change];
}
