import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { api } from "../../api/client";
import { relisted, touched } from "../../api/runs";
import { Button } from "../../components/Button";
import { Confirm } from "../../components/Confirm";
import { Dialog } from "../../components/Dialog";
import { Icon } from "../../components/Icon";
import { formatCount } from "../../lib/format";
import { DRAWN_BOUND } from "../../lib/viewState";
import "../../components/fields.css";

interface Props {
  ids: ReadonlySet<string>;
  /** Whether deleted runs are shown. */
  deleted: boolean;
  clear: () => void;
  draw: (ids: string[]) => void;
}

type Act = "tag" | "delete" | "restore" | "stop";
const TOGETHER = 1_000;
const QUIET_BOUND = 1; // more runs than this are asked for before they are deleted

/** What is done to the runs that are marked. */
export function BulkBar({ ids, deleted, clear, draw }: Props) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [asking, setAsking] = useState<"delete" | "stop" | "tag" | null>(null);
  const [undo, setUndo] = useState<string[] | null>(null);
  const all = [...ids];
  const act = useMutation({
    mutationFn: async ({
      act,
      tags,
      of = all,
    }: {
      act: Act;
      tags?: Record<string, string | null>;
      of?: string[];
    }) => {
      let refused: string | null = null;
      for (let at = 0; at < of.length; at += TOGETHER) {
        const body = { ids: of.slice(at, at + TOGETHER), act, tags };
        const told = await api.post("/api/v1/runs/acts", { body });
        const first = told.results.find(one => one.error);
        if (first?.error) refused = `${told.refused} refused: ${first.error.detail}`;
      }
      if (act === "delete" || act === "restore") relisted(client);
      else await touched(client, of);
      return refused;
    },
    onSettled: () => setAsking(null),
  });
  const remove = () => {
    act.mutate({ act: "delete" }, { onSuccess: () => setUndo(all) });
  };
  const told = act.error?.message ?? act.data;
  return (
    <section className="bulk" aria-label="Selected runs">
      <strong className="numbers">{formatCount(ids.size)} selected</strong>
      <Button
        disabled={ids.size < 2}
        onClick={() => navigate(`/compare?runs=${all.slice(0, DRAWN_BOUND).join(",")}`)}
      >
        <Icon name="compare" size={14} /> Compare
      </Button>
      <Button onClick={() => draw(all.slice(0, DRAWN_BOUND))}>
        <Icon name="chart" size={14} /> Draw
      </Button>
      <Button onClick={() => setAsking("tag")}>
        <Icon name="tag" size={14} /> Tag
      </Button>
      {deleted ? (
        <Button onClick={() => act.mutate({ act: "restore" }, { onSuccess: clear })}>
          <Icon name="restore" size={14} /> Restore
        </Button>
      ) : (
        <>
          <Button onClick={() => setAsking("stop")}>
            <Icon name="stop" size={14} /> Stop
          </Button>
          <Button kind="danger" onClick={() => (ids.size > QUIET_BOUND ? setAsking("delete") : remove())}>
            <Icon name="trash" size={14} /> Delete
          </Button>
        </>
      )}
      {undo && (
        <Button
          onClick={() => {
            act.mutate({ act: "restore", of: undo });
            setUndo(null);
          }}
        >
          <Icon name="restore" size={14} /> Undo the deletion
        </Button>
      )}
      {told && (
        <span className="bulk-told" role="alert">
          {told}
        </span>
      )}
      <Button kind="quiet" className="bulk-clear" onClick={clear}>
        Clear
      </Button>
      {asking === "delete" && (
        <Confirm
          title={`Delete ${formatCount(ids.size)} runs?`}
          act="Delete"
          danger
          busy={act.isPending}
          onAct={remove}
          onCancel={() => setAsking(null)}
        >
          They can be restored until they are purged.
        </Confirm>
      )}
      {asking === "stop" && (
        <Confirm
          title={`Stop ${formatCount(ids.size)} ${ids.size === 1 ? "run" : "runs"}?`}
          act="Stop"
          busy={act.isPending}
          onAct={() => act.mutate({ act: "stop" })}
          onCancel={() => setAsking(null)}
        >
          Each ends when its process has read that, within seconds.
        </Confirm>
      )}
      {asking === "tag" && (
        <TagDialog
          count={ids.size}
          busy={act.isPending}
          onTag={(key, value) => act.mutate({ act: "tag", tags: { [key]: value } })}
          onClose={() => setAsking(null)}
        />
      )}
    </section>
  );
}

interface TagProps {
  count: number;
  busy: boolean;
  onTag: (key: string, value: string | null) => void;
  onClose: () => void;
}

function TagDialog({ count, busy, onTag, onClose }: TagProps) {
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  return (
    <Dialog
      title={`Tag ${formatCount(count)} ${count === 1 ? "run" : "runs"}`}
      onClose={onClose}
      foot={
        <>
          <Button disabled={!key || busy} onClick={() => onTag(key, null)}>
            Take the tag away
          </Button>
          <Button kind="strong" disabled={!key || busy} onClick={() => onTag(key, value)}>
            Set the tag
          </Button>
        </>
      }
    >
      <form
        className="form"
        onSubmit={event => {
          event.preventDefault();
          if (key) onTag(key, value);
        }}
      >
        <label className="field-label">
          Key
          <input
            className="text-field"
            value={key}
            autoComplete="off"
            onChange={event => setKey(event.target.value)}
          />
        </label>
        <label className="field-label">
          Value
          <input
            className="text-field"
            value={value}
            autoComplete="off"
            onChange={event => setValue(event.target.value)}
          />
        </label>
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
