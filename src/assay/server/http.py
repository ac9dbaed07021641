"""uvicorn's HTTP protocol, with fewer and larger steps: an answer is one write, a long body comes in large pieces."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SMALL = 16 * 1024  # bytes worth waiting for what follows
HELD = 1 << 20  # bytes of a body held before its connection is read no further; uvicorn's 64 KiB halve an upload's rate
HEAD = 512 * 1024  # bytes of a request's line and headers; more than one read of the loop, which is 256 KiB


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
    """As uvicorn's, over a transport that writes an answer at once, and with a bound on a request's head."""

    _head: int | None = None  # bytes of the head that has begun, read by read; None while there is none

    def data_received(self, data: bytes) -> None:
        """Called by the loop. The parser would collect a head without an end."""
        super().data_received(data)
        if self._head is not None and not self.transport.is_closing():
            self._head += len(data)
            if self._head > HEAD:
                self.send_400_response(f"The request line and headers have more than {HEAD} bytes: send fewer.")

    def on_message_begin(self) -> None:
        """Called by the parser."""
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._head = None
        super().on_headers_complete()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the loop."""
        super().connection_made(OneWrite(transport, self.loop))  # type: ignore[arg-type]

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        if (self.parser.should_upgrade() and self._should_upgrade()) or self.cycle.response_complete:
            return
        held = self.cycle.body
        if not held:
            self.cycle.body = body  # type: ignore[assignment]  # uvicorn measures it and makes bytes of it: no copy
        elif isinstance(held, bytearray):
            held += body
        else:
            self.cycle.body = bytearray(held) + body
        if len(self.cycle.body) > HELD:
            self.flow.pause_reading()
        self.cycle.message_event.set()
