import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { api } from "../../api/client";
import { RunStatus } from "../../components/RunStatus";
import { Failure, Message } from "../../components/states";
import { formatTime } from "../../lib/format";
import "../../components/fields.css";

interface Props {
  chosen: readonly string[];
  onChoose: (ids: readonly string[]) => void;
}

const MOST = 50;

/** Finds runs by name or the beginning of their id, the newest first, and chooses several. */
export function RunPicker({ chosen, onChoose }: Props) {
  const [text, setText] = useState("");
  const wanted = useDeferredValue(text.trim());
  const { data, error } = useQuery({
    queryKey: ["runs", "found", wanted],
    queryFn: async ({ signal }) =>
      wanted === ""
        ? (await api.get("/api/v1/runs", { query: { limit: MOST }, signal })).runs
        : (await api.get("/api/v1/search", { query: { text: wanted, limit: MOST }, signal })).runs,
    placeholderData: keepPreviousData,
  });
  const toggle = (id: string) =>
    onChoose(chosen.includes(id) ? chosen.filter(one => one !== id) : [...chosen, id]);
  return (
    <div className="run-picker">
      <input
        type="search"
        className="text-field picker-field"
        aria-label="Find runs by name or id"
        placeholder="Find runs by name or id"
        value={text}
        onChange={event => setText(event.target.value)}
      />
      {error && <Failure error={error} />}
      {data?.length === 0 && (
        <Message title={wanted ? "No run has this in its name" : "There are no runs yet"} />
      )}
      <ul>
        {data?.map(run => (
          <li key={run.id}>
            <label>
              <input type="checkbox" checked={chosen.includes(run.id)} onChange={() => toggle(run.id)} />
              <span className="truncate">{run.name || run.id}</span>
              <RunStatus status={run.status} />
              <span className="muted numbers">{run.start_us ? formatTime(run.start_us) : ""}</span>
            </label>
          </li>
        ))}
      </ul>
    </div>
  );
}
