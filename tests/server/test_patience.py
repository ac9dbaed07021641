"""A client who takes nothing of an answer is cut off; one who takes little is served."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send

from assay.server import http

PIECE = bytes(1 << 20)
PIECES = 40  # more than the system's buffers take
STALLED_S = 0.4


class Endless:
    """Answers in pieces, and says what became of it."""

    def __init__(self) -> None:
        self.sent = 0
        self.gone = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One answer."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        watching = asyncio.create_task(self._watch(receive))
        while self.sent < PIECES and not self.gone.is_set():
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})
            self.sent += 1
        await send({"type": "http.response.body"})
        watching.cancel()

    async def _watch(self, receive: Receive) -> None:
        message: Message = {"type": ""}
        while message["type"] != "http.disconnect":
            message = await receive()
        self.gone.set()


@contextmanager
def serving(app: Endless) -> Iterator[int]:
    """The port of a server with our protocol."""
    config = uvicorn.Config(app, port=0, http=http.Protocol, lifespan="off", log_config=None)  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + 20
        while not server.started and time.monotonic() < until:
            time.sleep(0.02)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        thread.join(20)


@contextmanager
def asking(port: int) -> Iterator[socket.socket]:
    """A connection whose answer has begun."""
    with closing(socket.socket()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        client.settimeout(20)
        client.connect(("127.0.0.1", port))
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(15) == b"HTTP/1.1 200 OK"
        yield client


def test_who_takes_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "STALLED_S", STALLED_S)
    app = Endless()
    with serving(app) as port, asking(port) as client:
        assert app.gone.wait(10 * STALLED_S + 5), "it is waited for"
        assert app.sent < PIECES
        last = b""
        with suppress(ConnectionError):
            while piece := client.recv(1 << 20):
                last = piece
        assert not last.endswith(b"\r\n\r\n"), "the answer was ended as if it were whole"


def test_who_takes_little_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "STALLED_S", STALLED_S)
    app = Endless()
    with serving(app) as port, asking(port) as client:
        got, until = 0, time.monotonic() + 5 * STALLED_S
        while time.monotonic() < until:
            got += len(client.recv(100_000))
            time.sleep(0.02)
        assert not app.gone.is_set()
        while not (last := client.recv(1 << 20)).endswith(b"\r\n\r\n"):
            got += len(last)
        assert got + len(last) > PIECES << 20
        assert b"Server-Timing: total;dur=" in last
