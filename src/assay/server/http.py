"""uvicorn's HTTP protocol, with fewer and larger steps: an answer is one write, a long body comes in large pieces."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SMALL = 16 * 1024  # bytes worth waiting for what follows
HELD = (
    1 << 20
)  # bytes of a body that a connection holds before it stops reading; uvicorn's 64 KiB halve an upload's rate


class OneWrite:
    """A transport that holds a small write back until the next one, or until the turn of the loop ends.

    So the head of an answer, which comes first and alone, goes out with its body.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._soon = loop.call_soon
        self._held = b""
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info

    def write(self, data: bytes) -> None:
        """Sends the data, now or at the end of the turn."""
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held + data)
        elif 0 < len(data) <= SMALL:
            self._held = data
            self._soon(self._flush)
        else:
            self._transport.write(data)

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)

    def close(self) -> None:
        """Ends the connection after what was written."""
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Protocol(HttpToolsProtocol):
    """As uvicorn's, over a transport that writes an answer at once."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the loop."""
        super().connection_made(OneWrite(transport, self.loop))  # type: ignore[arg-type]

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        if (self.parser.should_upgrade() and self._should_upgrade()) or self.cycle.response_complete:
            return
        self.cycle.body += body
        if len(self.cycle.body) > HELD:
            self.flow.pause_reading()
        self.cycle.message_event.set()
