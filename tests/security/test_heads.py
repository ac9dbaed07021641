"""Request lines and headers that are too long or broken: a 4xx, and the server lives and does not grow with them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from support.server import Server

MIB = 1 << 20
HEADS = {
    "line": b"GET /%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % (b"a" * (4 * MIB)),
    "query": b"GET /version?%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % (b"a=b&" * MIB),
    "method": b"%s / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % (b"A" * MIB),
    "value": b"GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\nX: %s\r\n\r\n" % (b"a" * (4 * MIB)),
    "name": b"GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\n%s: x\r\n\r\n" % (b"a" * (4 * MIB)),
    "many": b"GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n" % (b"X: y\r\n" * (MIB // 2)),
    "endless": b"GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\nX: %s" % (b"a" * (4 * MIB)),
    "no HTTP": b"\x16\x03\x01" + bytes(MIB),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of this file."""
    server = Server(tmp_path_factory.mktemp("heads") / "home").start()
    yield server
    server.stop()


def said(server: Server, head: bytes) -> bytes:
    """The first of what the server answers; it may close before it has read everything."""
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(head)
        try:
            return connection.recv(1_000)
        except ConnectionResetError:
            return b""


@pytest.mark.parametrize("kind", HEADS)
def test_an_oversize_head_is_refused(running: Server, kind: str) -> None:
    answer = said(running, HEADS[kind])
    assert answer.startswith(b"HTTP/1.1 4"), answer[:200]
    http = running.http()
    assert http.request("GET", "/version").status == 200
    http.close()
