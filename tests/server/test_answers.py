"""A short answer goes out at once; it says what uvicorn would have sent in its own steps, or is left to it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import product

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from assay.server import http

LENGTHS = (0, 1, http.SMALL, http.SMALL + 1)
PLAIN = [(b"content-type", b"text/plain")]
ANSWERS: dict[str, tuple[int, list[tuple[bytes, bytes]], bytes]] = {
    **{f"/{n}": (200, [*PLAIN, (b"content-length", b"%d" % n)], b"x" * n) for n in LENGTHS},
    "/404": (404, [(b"Content-Type", b"text/plain"), (b"content-length", b"2")], b"no"),
    "/204": (204, [], b""),
    "/304": (304, [(b"content-length", b"7")], b""),
    "/unknown-length": (200, PLAIN, b"some"),
    "/another": (200, [(b"location", b"/1"), (b"content-length", b"1")], b"x"),
    "/closing": (200, [(b"connection", b"close"), (b"content-length", b"1")], b"x"),
    "/split": (200, [(b"content-type", b"a\r\nset-cookie: b"), (b"content-length", b"1")], b"x"),
    "/nul": (200, [(b"content-type", b"a\0b"), (b"content-length", b"1")], b"x"),
    "/feed": (200, [(b"content-type", b"a\nset-cookie: b"), (b"content-length", b"1")], b"x"),
    "/short": (200, [(b"content-length", b"2")], b"x"),
    "/long": (200, [(b"content-length", b"1")], b"xx"),
}
CASES = [
    (version, method, path)
    for version, method, path in product(("1.0", "1.1"), ("GET", "HEAD", "POST"), ANSWERS)
    if (version, path) != ("1.1", "/unknown-length")  # has a trailer, which test_timing.py reads
]
OURS = ("date", "server-timing", "trailer")  # fields that change, or that uvicorn does not send


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers as its path says, after it has read the body."""
    while (await receive()).get("more_body"):
        pass
    status, headers, body = ANSWERS[scope["path"]]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    """Where the application answers by our protocol, and by uvicorn's."""
    servers, found = [], {}
    for name, protocol in (("ours", http.Protocol), ("uvicorn's", HttpToolsProtocol)):
        config = uvicorn.Config(app, port=0, http=protocol, log_config=None, lifespan="off", server_header=False)
        config.headers = [("X-Common", "c")]
        server = uvicorn.Server(config)
        threading.Thread(target=server.run, daemon=True).start()
        while not server.started:
            time.sleep(0.01)
        servers.append(server)
        found[name] = server.servers[0].sockets[0].getsockname()[1]
    yield found
    for server in servers:
        server.should_exit = True


def spoken(port: int, sent: bytes) -> list[str]:
    """All that comes back until the server ends the connection, line by line."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as connection:
        connection.sendall(sent)
        found = b"".join(iter(lambda: connection.recv(1 << 16), b"")).decode()
    lines = [line for line in found.split("\r\n") if not line.lower().startswith(OURS)]
    return sorted(lines[: lines.index("")]) + lines[lines.index("") :] if "" in lines else lines


@pytest.mark.parametrize(("version", "method", "path"), CASES)
def test_it_is_what_uvicorn_sends(ports: dict[str, int], version: str, method: str, path: str) -> None:
    body = b"Content-Length: 3\r\n\r\nabc" if method == "POST" else b"\r\n"
    one = f"{method} {path} HTTP/{version}\r\nHost: a\r\n".encode()
    last = b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    for sent in (one + b"Connection: close\r\n" + body, one + body + last, (one + body) * 3 + last):
        ours, theirs = spoken(ports["ours"], sent), spoken(ports["uvicorn's"], sent)
        assert ours == theirs
        assert not any(line.startswith("set-cookie") for line in ours)


def test_who_asks_first_is_told_to_go_on(ports: dict[str, int]) -> None:
    head = b"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    with closing(socket.create_connection(("127.0.0.1", ports["ours"]), timeout=30)) as connection:
        connection.sendall(head)
        assert connection.recv(1 << 16) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"abc")
        assert connection.recv(1 << 16).endswith(b"\r\n\r\nx")
