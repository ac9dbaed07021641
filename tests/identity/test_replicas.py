"""Two servers on one PostgreSQL: who logs in on one works on the other, and is logged out of both."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.postgres import fresh_database
from support.server import Server
from support.visitor import Visitor

PASSWORD = "correct horse battery"
KEY = {"ASSAY_SERVER_KEY": "assay-key-" + "k" * 43}  # the same for all servers
WITHIN_S = 5.0  # a second or two, on a machine that does nothing else


@pytest.fixture
def two(tmp_path: Path, database_server: Any) -> Iterator[list[Server]]:
    """Servers with homes of their own, whose catalog is one."""
    store = ("--store", fresh_database(database_server))
    servers = [Server(tmp_path / name, store, KEY) for name in ("one", "other")]
    try:
        yield [server.start() for server in servers]
    finally:
        for server in servers:
            server.stop()


def as_other(visitor: Visitor, server: Server) -> Visitor:
    """The same browser at the other server: a proxy gives both of them one name, and so one cookie."""
    place = urlsplit(server.url).netloc
    return Visitor(server.url, cookies={(place, name): value for (_, name), value in visitor.cookies.items()})


def test_a_login_on_one_is_one_on_the_other(two: list[Server]) -> None:
    """A browser's session, also one whose form came from the other server, and a token; and the end of a session."""
    one, other = two
    assert one.process is not None
    assert one.process.stdout is not None
    setup = next(word for _ in range(3) for word in one.process.stdout.readline().split() if "/setup/" in word)
    visitor = Visitor(one.url)
    visitor.submit(visitor.visit(setup), name="Ada", password=PASSWORD, again=PASSWORD, hops=0)
    there = as_other(visitor, other)
    assert there.ask("GET", "/api/v1/me").json["name"] == "ada"
    origin = {"Origin": other.url, "Content-Type": "application/json"}
    made = there.ask("POST", "/api/v1/tokens", b'{"name": "t"}', origin)
    assert made.status == 201, made
    run = there.ask("POST", "/api/v1/runs", b'{"name": "there"}', origin).json["id"]
    http = one.http()
    found = http.request("GET", f"/api/v1/runs/{run}", headers={"Authorization": f"Bearer {made.json['secret']}"})
    http.close()
    assert (found.status, found.json["name"]) == (200, "there")
    fresh = Visitor(one.url)
    _, form = fresh.visit("/login")
    again = as_other(fresh, other)
    again.submit((f"{other.url}/login", form), name="ada", password=PASSWORD, hops=0)
    assert as_other(again, one).ask("GET", "/api/v1/me").status == 200
    assert there.ask("POST", "/logout", b"", {"Origin": other.url}).status == 303
    until = time.monotonic() + WITHIN_S
    while visitor.ask("GET", "/api/v1/me").status == 200:
        assert time.monotonic() < until, "a session that has ended is still good elsewhere"
        time.sleep(0.1)
