"""uvicorn's HTTP protocol, with fewer and larger steps: an answer is one write, a long body comes in large pieces.

Every answer says how long it took, and to which request; none waits for ever for a client that takes nothing.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import (
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

SMALL = 16 * 1024  # bytes worth waiting for what follows
HELD = 1 << 20  # bytes of a body held before its connection is read no further; uvicorn's 64 KiB halve an upload's rate
HEAD = 512 * 1024  # bytes of a request's line and headers; more than one read of the loop, which is 256 KiB
STALLED_S = 60.0  # how long a client may take nothing of an answer
BEGAN = "assay.began"  # in the ASGI scope: when the request's first byte came
STATUS = "assay.status"  # of the answer
REQUEST = "assay.request"  # the request's id
LAST = b"0\r\n\r\n"  # ends a body of chunks
NO_BODY = (204, 304)
# The headers of most answers; uvicorn knows more of them, and says what is wrong with one.
PLAIN = frozenset({b"content-type", b"x-request-id", b"server-timing", b"cache-control"})
NOTHING: Message = {"type": "http.response.body", "more_body": True}
ANNOUNCED = (b"trailer", b"Server-Timing")


class OneWrite:
    """A transport that holds a small write back until the next one, or until the turn of the loop ends.

    So the head of an answer, which comes first and alone, goes out with its body.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._soon = loop.call_soon
        self._held = b""
        self.trailer = b""  # a line that the next body of chunks ends with
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info

    def write(self, data: bytes) -> None:
        """Sends the data, now or at the end of the turn."""
        if self.trailer and data == LAST:
            data, self.trailer = b"0\r\n%s\r\n\r\n" % self.trailer, b""
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held + data)
        elif 0 < len(data) <= SMALL:
            self._held = data
            self._soon(self._flush)
        else:
            self._transport.write(data)

    def write_whole(self, data: bytes) -> None:
        """Sends the data now: it is all of an answer."""
        if self._held:
            self.write(data)
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


class Timed:
    """The `send` of one request, whose answer says in `Server-Timing` how many milliseconds it took.

    `total` is the time from the request's first byte to the answer's last, as it is handed to the socket. An answer in
    one piece has it in its head. A body whose length is not known before has it behind its end, in a trailer; where the
    length was given and the body comes in pieces, the head can say no more than when it began, as `start`.

    Args:
        cycle: uvicorn's request and answer.
        transport: What the answer goes to.
        common: Lines that every answer has.
    """

    __slots__ = ("_began", "_common", "_cycle", "_may_trail", "_scope", "_send", "_start", "_trails", "_transport")

    def __init__(self, cycle: RequestResponseCycle, transport: OneWrite, common: Common) -> None:
        self._cycle = cycle
        self._send: Send = cycle.send  # type: ignore[assignment]
        self._transport = transport
        self._common = common
        self._scope: Scope = cycle.scope  # type: ignore[assignment]
        scope = self._scope
        self._began: float = scope[BEGAN]
        self._may_trail = scope["method"] != "HEAD" and scope["http_version"] == "1.1"
        self._start: Message | None = None
        self._trails = False

    async def __call__(self, message: Message) -> None:
        """Passes a message of the answer on; a head that says the time waits for the body that comes with it."""
        if message["type"] == "http.response.start":
            headers = message["headers"] = list(message.get("headers", ()))
            self._scope[STATUS] = message["status"]
            if (id := self._scope.get(REQUEST)) is not None:
                headers.append((b"x-request-id", id))
            if not self._may_trail or message["status"] in NO_BODY or _has_length(headers):
                self._start = message
                return
            self._trails = True
            headers.append(ANNOUNCED)
        elif self._start is not None:
            start, self._start = self._start, None
            more = message.get("more_body", False)
            start["headers"].append((b"server-timing", self._took(b"start" if more else b"total")))
            if not more and self._goes_whole(start, message.get("body", b"")):
                return
            await self._send(start)
        elif self._trails and not message.get("more_body"):
            await self._send({**message, "more_body": True})
            await self._send(NOTHING)  # returns when the client has taken nearly all
            message = {"type": "http.response.body"}
            self._transport.trailer = b"Server-Timing: " + self._took(b"total")
        await self._send(message)

    def _goes_whole(self, start: Message, body: bytes) -> bool:
        """Whether a short answer was sent at once, as uvicorn sends it in its steps."""
        cycle, status = self._cycle, start["status"]
        if len(body) > SMALL or not (self._may_trail and cycle.keep_alive) or status in NO_BODY:
            return False
        if cycle.response_started or cycle.disconnected or cycle.flow.write_paused:
            return False
        length = -1
        lines = [STATUS_LINE[status], self._common.lines(cycle.default_headers)]
        for name, value in start["headers"]:
            if name == b"content-length":
                length = int(value)
            elif name in PLAIN and not HEADER_VALUE_RE.search(value):
                lines.append(b"%s: %s\r\n" % (name, value))
            else:
                return False
        if length != len(body):
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        self._transport.write_whole(b"%scontent-length: %d\r\n\r\n%s" % (b"".join(lines), length, body))
        cycle.message_event.set()
        cycle.on_response()
        return True

    def _took(self, name: bytes) -> bytes:
        return b"%s;dur=%.3f" % (name, (perf_counter() - self._began) * 1e3)


def _has_length(headers: list[tuple[bytes, bytes]]) -> bool:
    for name, _ in headers:  # noqa: SIM110 -- half of what `any` takes
        if name == b"content-length":
            return True
    return False


class Common:
    """The lines that every answer has, made again when uvicorn does: once a second, for the date."""

    def __init__(self) -> None:
        self._made_of: list[tuple[bytes, bytes]] = []
        self._lines = b""

    def lines(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """As they are sent."""
        if headers is not self._made_of:
            self._made_of = headers
            self._lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        return self._lines


class Protocol(HttpToolsProtocol):
    """As uvicorn's, over a transport that writes an answer at once, and with bounds on a head and on patience."""

    _head: int | None = None  # bytes of the head that has begun, read by read; None while there is none
    _patience: asyncio.TimerHandle | None = None  # runs while a client takes nothing
    _common = Common()  # of all connections

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._app: ASGIApp = self.app
        self.app = self._timed

    async def _timed(self, scope: Scope, receive: Receive, send: Send) -> None:
        cycle: RequestResponseCycle = send.__self__  # type: ignore[attr-defined]
        await self._app(scope, receive, Timed(cycle, self.transport, self._common))  # type: ignore[arg-type]

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
        self.scope[BEGAN] = perf_counter()  # type: ignore[literal-required]

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._head = None
        super().on_headers_complete()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the loop."""
        super().connection_made(OneWrite(transport, self.loop))  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self._calm()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Called by the loop, when a client takes less than is sent."""
        super().pause_writing()
        self._watch(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Called by the loop."""
        self._calm()
        super().resume_writing()

    def _watch(self, left: int) -> None:
        self._patience = self.loop.call_later(STALLED_S, self._lose_patience, left)

    def _calm(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose_patience(self, before: int) -> None:
        """Ends the connection of a client that has taken nothing; what is made for it would be held for ever."""
        left = self.transport.get_write_buffer_size()
        if left < before:
            self._watch(left)
        else:
            self._patience = None
            self.transport.abort()

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
