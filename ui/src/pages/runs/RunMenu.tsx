import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import { relisted, touched } from "../../api/runs";
import { Confirm } from "../../components/Confirm";
import { Icon } from "../../components/Icon";
import { Menu, type MenuItem } from "../../components/Menu";
import { TextDialog } from "../../components/TextDialog";
import { NOTE_KEY, type Run } from "../../lib/fields";

type Change = "stop" | "delete" | "restore" | { note: string };

/** What can be done to a run from its row. */
export function RunMenu({ run, rename }: { run: Run; rename: () => void }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState<"note" | "stop" | null>(null);
  const act = useMutation({
    mutationFn: async (change: Change) => {
      const path = { id: run.id };
      if (change === "stop") await api.post("/api/v1/runs/{id}/stop", { path });
      else if (change === "restore") await api.post("/api/v1/runs/{id}/restore", { path });
      else if (change === "delete") await api.delete("/api/v1/runs/{id}", { path });
      else await api.patch("/api/v1/runs/{id}", { path, body: { note: change.note || null } });
      if (change === "delete" || change === "restore") relisted(client);
      else await touched(client, [run.id]);
    },
    onSuccess: () => setAsking(null),
  });
  const close = () => {
    setAsking(null);
    act.reset();
  };
  const gone = run.lifecycle === "deleted";
  const items: (MenuItem | null)[] = [
    { label: "Rename", hint: "F2", act: rename },
    { label: run.tags[NOTE_KEY] ? "Edit the note" : "Add a note", act: () => setAsking("note") },
    { label: "Copy the id", act: () => void navigator.clipboard?.writeText(run.id) },
    null,
    { label: "Stop", disabled: run.status !== "running", act: () => setAsking("stop") },
    gone
      ? { label: "Restore", act: () => act.mutate("restore") }
      : { label: "Delete", danger: true, act: () => act.mutate("delete") },
  ];
  return (
    <>
      <Menu
        button={<Icon name="more" size={14} />}
        label={`Acts on ${run.name}`}
        icon
        className="run-menu"
        tabIndex={-1}
        items={items}
      />
      {asking === "note" && (
        <TextDialog
          title={`Note on ${run.name}`}
          label="Note, in Markdown"
          value={run.tags[NOTE_KEY] ?? ""}
          act="Keep"
          long
          empty
          busy={act.isPending}
          error={act.error}
          onText={note => act.mutate({ note })}
          onClose={close}
        />
      )}
      {asking === "stop" && (
        <Confirm
          title={`Stop ${run.name}?`}
          act="Stop"
          busy={act.isPending}
          onAct={() => act.mutate("stop")}
          onCancel={close}
        >
          {act.error ? act.error.message : "It ends when its process has read that, within seconds."}
        </Confirm>
      )}
    </>
  );
}
