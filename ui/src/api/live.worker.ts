/** The shared worker that holds the one stream of changes of all tabs. */

import { browserStream } from "../api/stream";

interface SharedScope {
  onconnect: ((event: MessageEvent) => void) | null;
}

export type FromTab = "here" | "gone";

const stream = browserStream<MessagePort>((port, message) => port.postMessage(message));

(self as unknown as SharedScope).onconnect = event => {
  const port = event.ports[0];
  if (port === undefined) return;
  port.onmessage = (message: MessageEvent<FromTab>) => {
    if (message.data === "here") stream.here(port);
    else stream.gone(port);
  };
};
