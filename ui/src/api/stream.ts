/** The stream of changes as a browser holds it: in the shared worker, or in a tab where there is none. */

import { Stream, type ToTab } from "../lib/live";

export function browserStream<Port>(tell: (port: Port, message: ToTab) => void): Stream<Port> {
  return new Stream<Port>({
    open(handlers) {
      const source = new EventSource("/api/v1/changes");
      source.onopen = () => handlers.opened();
      source.onerror = () => handlers.failed(source.readyState === EventSource.CLOSED);
      source.addEventListener("run", event => handlers.told(event.data as string));
      return source;
    },
    tell,
    later: (ms, act) => void setTimeout(act, ms),
    nowMs: () => Date.now(),
    chance: Math.random,
  });
}
