/** What changes on the server, as a tab hears it: of all tabs' one stream, and only while somebody looks. */

import { useEffect, useRef, useSyncExternalStore } from "react";
import { browserStream } from "../api/stream";
import { Changed, type Changes, HERE_MS, type LiveState, type ToTab } from "../lib/live";

type Listener = (changes: Changes) => void;

/** However much happens, a page is moved once a second. */
const APART_MS = 1_000;

const changed = new Changed();
const listeners = new Set<Listener>();
const watchers = new Set<() => void>();
let state: LiveState = "connecting";
let begun = false;
let due = false;

function deliver(): void {
  due = false;
  if (document.hidden || changed.empty) return; // a hidden tab asks for nothing until it is seen again
  const changes = changed.take();
  for (const listener of [...listeners]) listener(changes);
}

function deliverLater(): void {
  if (due) return;
  due = true;
  setTimeout(deliver, APART_MS);
}

function hear(message: ToTab): void {
  if (message.kind === "state") {
    state = message.state;
    for (const watcher of watchers) watcher();
  } else {
    changed.merge(message.changes);
    deliverLater();
  }
}

function begin(): void {
  if (begun) return;
  begun = true;
  document.addEventListener("visibilitychange", deliver);
  if (typeof SharedWorker === "undefined") alone();
  else shared();
}

/** All tabs of this browser hear one stream. */
function shared(): void {
  const worker = new SharedWorker(new URL("./live.worker.ts", import.meta.url), {
    type: "module",
    name: "live",
  });
  const { port } = worker;
  port.onmessage = (event: MessageEvent<ToTab>) => hear(event.data);
  port.postMessage("here");
  setInterval(() => port.postMessage("here"), HERE_MS);
  addEventListener("pagehide", () => port.postMessage("gone"));
  addEventListener("pageshow", event => {
    if (event.persisted) port.postMessage("here");
  });
}

/** Where browsers share no workers, each tab has a stream of its own. */
function alone(): void {
  const stream = browserStream<null>((_, message) => hear(message));
  stream.here(null);
  setInterval(() => stream.here(null), HERE_MS);
}

/** The listener hears what changes, at most once a second, until the answer is called. */
export function onChanges(listener: Listener): () => void {
  begin();
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Calls `act` with what changed while the component is there. */
export function useChanges(act: Listener): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => onChanges(changes => latest.current(changes)), []);
}

/** Whether changes are heard now. */
export function useLiveState(): LiveState {
  return useSyncExternalStore(
    watcher => {
      begin();
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => state,
  );
}
