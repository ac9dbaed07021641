import { useState } from "react";
import { Link, useLocation } from "wouter";
import type { Schemas } from "../../api/client";
import { DESCRIPTION, useExperimentAct, useExperiments } from "../../api/experiments";
import { useChanges } from "../../api/live";
import { Button } from "../../components/Button";
import { Icon } from "../../components/Icon";
import { Menu } from "../../components/Menu";
import { Page } from "../../components/Page";
import { SearchField } from "../../components/SearchField";
import { Sparkline } from "../../components/Sparkline";
import { Failure, Loading, Message } from "../../components/states";
import { TextDialog } from "../../components/TextDialog";
import { useParam } from "../../components/useParam";
import { activityLabel } from "../../lib/activity";
import { formatAge, formatCount, formatTime } from "../../lib/format";
import { useLate } from "../runs/useLate";
import { useNow } from "../runs/useNow";
import "./ExperimentsPage.css";

type Listed = Schemas["ListedExperiment"];
type Asking = { what: "create" } | { what: "rename" | "describe"; of: Listed };

const PAUSE_MS = 200;
const AGAIN_MS = 5_000;

/** All experiments: found, made, renamed, described, deleted and restored. */
export default function ExperimentsPage() {
  const [search, setSearch] = useParam("q");
  const [shown, setShown] = useParam("view");
  const view = shown === "deleted" ? "deleted" : "active";
  const list = useExperiments(useLate(search.trim(), PAUSE_MS), view);
  const act = useExperimentAct();
  const [asking, setAsking] = useState<Asking | null>(null);
  const [undo, setUndo] = useState<Listed | null>(null);
  const [, navigate] = useLocation();
  const nowUs = useNow(false);
  useChanges(() => Date.now() - list.dataUpdatedAt > AGAIN_MS && void list.refetch());

  const close = () => {
    setAsking(null);
    act.reset();
  };
  const found = list.data?.pages.flatMap(page => page.experiments) ?? [];
  return (
    <Page
      title="Experiments"
      actions={
        <>
          <SearchField
            value={search}
            onChange={text => setSearch(text, { replace: true })}
            label="Find an experiment"
            className="experiments-search"
          />
          <Button
            pressed={view === "deleted"}
            kind="quiet"
            onClick={() => setShown(view === "deleted" ? null : "deleted")}
          >
            Deleted
          </Button>
          <Button kind="strong" onClick={() => setAsking({ what: "create" })}>
            <Icon name="plus" size={14} /> New experiment
          </Button>
        </>
      }
    >
      {undo && (
        <p className="experiments-undo" role="status">
          {undo.name} and its runs are deleted.
          <Button
            onClick={() => act.mutate({ act: "restore", id: undo.id }, { onSuccess: () => setUndo(null) })}
          >
            Undo
          </Button>
        </p>
      )}
      {list.error ? (
        <Failure error={list.error} retry={list.refetch} />
      ) : list.isPending ? (
        <Loading />
      ) : found.length === 0 ? (
        <Message
          title={
            search
              ? "No experiment has this in its name"
              : view === "deleted"
                ? "None is deleted"
                : "No experiments yet"
          }
        />
      ) : (
        <table className="experiments">
          <thead>
            <tr>
              <th>Name</th>
              <th className="number">Runs</th>
              <th className="number">Running</th>
              <th>Last 30 days</th>
              <th>Last run</th>
              <th className="experiments-made">Made</th>
              <th>
                <span className="visually-hidden">Acts</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {found.map(one => (
              <tr key={one.id}>
                <td className="experiments-name">
                  <Link to={`/experiments/${one.id}`}>{one.name}</Link>
                  {one.tags[DESCRIPTION] && <div className="muted truncate">{one.tags[DESCRIPTION]}</div>}
                </td>
                <td className="number numbers">{formatCount(one.activity?.runs ?? 0)}</td>
                <td className="number numbers experiments-running">
                  {one.activity?.running ? formatCount(one.activity.running) : ""}
                </td>
                <td>
                  {one.activity && (
                    <Sparkline days={one.activity.by_day} label={activityLabel(one.activity)} />
                  )}
                </td>
                <td className="muted">
                  {one.activity?.last_us != null && formatAge(one.activity.last_us, nowUs)}
                </td>
                <td className="muted experiments-made" title={formatTime(one.created_us)}>
                  {formatAge(one.created_us, nowUs)}
                </td>
                <td>
                  <Menu
                    button={<Icon name="more" />}
                    label={`Acts on ${one.name}`}
                    icon
                    items={
                      view === "deleted"
                        ? [{ label: "Restore", act: () => act.mutate({ act: "restore", id: one.id }) }]
                        : [
                            { label: "Open", act: () => navigate(`/experiments/${one.id}`) },
                            { label: "Rename", act: () => setAsking({ what: "rename", of: one }) },
                            { label: "Describe", act: () => setAsking({ what: "describe", of: one }) },
                            null,
                            {
                              label: "Delete",
                              danger: true,
                              act: () =>
                                act.mutate({ act: "delete", id: one.id }, { onSuccess: () => setUndo(one) }),
                            },
                          ]
                    }
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {!asking && act.error && <Failure error={act.error} />}
      {list.hasNextPage && (
        <div className="experiments-more">
          <Button disabled={list.isFetching} onClick={() => list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
      {asking?.what === "create" && (
        <TextDialog
          title="New experiment"
          label="Name"
          act="Make it"
          busy={act.isPending}
          error={act.error}
          onText={name =>
            act.mutate(
              { act: "create", name },
              { onSuccess: made => made && navigate(`/experiments/${made.id}`) },
            )
          }
          onClose={close}
        />
      )}
      {asking?.what === "rename" && (
        <TextDialog
          title={`Rename ${asking.of.name}`}
          label="Name"
          value={asking.of.name}
          act="Rename"
          busy={act.isPending}
          error={act.error}
          onText={name => act.mutate({ act: "rename", id: asking.of.id, name }, { onSuccess: close })}
          onClose={close}
        />
      )}
      {asking?.what === "describe" && (
        <TextDialog
          title={`Describe ${asking.of.name}`}
          label="Description"
          value={asking.of.tags[DESCRIPTION] ?? ""}
          act="Keep"
          long
          empty
          busy={act.isPending}
          error={act.error}
          onText={text => act.mutate({ act: "describe", id: asking.of.id, text }, { onSuccess: close })}
          onClose={close}
        />
      )}
    </Page>
  );
}
