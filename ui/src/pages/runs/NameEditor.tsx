import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { api } from "../../api/client";
import { touched } from "../../api/runs";
import type { Run } from "../../lib/fields";

/** A run's name as a field: Enter keeps it, Escape leaves it as it was. */
export function NameEditor({ run, done }: { run: Run; done: () => void }) {
  const client = useQueryClient();
  const left = useRef(false);
  const rename = useMutation({
    mutationFn: async (name: string) => {
      await api.patch("/api/v1/runs/{id}", { path: { id: run.id }, body: { name } });
      await touched(client, [run.id]);
    },
    onSuccess: done,
  });
  const keep = (name: string) => {
    if (left.current) return;
    if (name === run.name || !name.trim()) done();
    else rename.mutate(name);
  };
  return (
    <input
      className="text-field run-name-field"
      aria-label="Name of the run"
      title={rename.error?.message}
      aria-invalid={rename.isError}
      defaultValue={run.name}
      // biome-ignore lint/a11y/noAutofocus: it was asked for
      autoFocus
      onFocus={event => event.target.select()}
      onClick={event => event.stopPropagation()}
      onBlur={event => keep(event.target.value)}
      onKeyDown={event => {
        event.stopPropagation();
        if (event.key === "Enter") keep(event.currentTarget.value);
        if (event.key === "Escape") {
          left.current = true;
          done();
        }
      }}
    />
  );
}
