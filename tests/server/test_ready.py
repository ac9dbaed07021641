"""`GET /ready`: a server that cannot do its work says so and why, and says when it can again."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from support.postgres import fresh_database
from support.server import Answer, Server

from assay.server import ready
from assay.server.ready import Aspect
from assay.wire.errors import Unavailable


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose folder of files may be written again at the end."""
    yield tmp_path / "home"
    files = tmp_path / "home/files"
    if files.exists():
        files.chmod(0o700)


def asked(server: Server) -> Answer:
    """What a load balancer is told."""
    with closing(server.http()) as http:
        return http.request("GET", "/ready")


def becomes(server: Server, status: int, within_s: float = 45.0) -> Answer:
    """The first answer of this status."""
    until_s = time.monotonic() + within_s
    while (answer := asked(server)).status != status and time.monotonic() < until_s:
        time.sleep(0.2)
    assert answer.status == status, answer.body
    return answer


def test_a_whole_server_is_ready_and_leaves_no_objects(home: Path) -> None:
    server = Server(home).start()
    try:
        answer = asked(server)
        assert answer.status == 200
        assert answer.json == {"ready": True, "checks": {"store": "ok", "files": "ok"}}
        assert answer.headers["cache-control"] == "no-store"
        left = [path for path in (home / "files").rglob("*") if path.is_file() and path.name != "owner"]
        assert left == []
    finally:
        server.stop()


def test_files_that_cannot_be_written_are_told(home: Path) -> None:
    server = Server(home).start()
    try:
        moved = home / "elsewhere"
        (home / "files").rename(moved)  # also the superuser cannot write what is not there
        answer = becomes(server, 503)
        assert answer.json["checks"]["store"] == "ok"
        assert "files" in answer.json["checks"]["files"]
        assert "retry-after" in answer.headers
        with closing(server.http()) as http:
            assert http.request("GET", "/health").status == 200, "it lives, though"
        moved.rename(home / "files")
        becomes(server, 200)
    finally:
        server.stop()


def test_a_database_that_goes_and_a_schema_that_is_newer(home: Path, database_server: Any) -> None:
    store = fresh_database(database_server)
    name = urlsplit(store).path[1:]
    server = Server(home, ["--store", store]).start()
    try:
        assert asked(server).json["ready"]
        away = urlsplit(store)._replace(path="/postgres").geturl()
        with psycopg.connect(away, autocommit=True) as other:
            other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            answer = becomes(server, 503)
            assert answer.json["checks"]["store"] != "ok"
            assert "password" not in answer.body.decode()
            other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
            becomes(server, 200)
        with psycopg.connect(store, autocommit=True) as database:
            database.execute("UPDATE schema_row SET oldest_server = '9999'")
            assert "schema" in becomes(server, 503).json["checks"]["store"]
    finally:
        server.stop()


def test_what_hangs_is_asked_once_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "PATIENCE_S", 0.05)
    monkeypatch.setattr(ready, "KEPT_S", 0.0)
    free, calls = threading.Event(), []

    def check() -> None:
        calls.append(1)
        free.wait(20)

    async def flow() -> None:
        aspect = Aspect(check, 10.0)
        faults = await asyncio.gather(*(aspect.fault() for _ in range(20)))
        assert all(fault is not None and "no answer" in fault for fault in faults)
        assert await aspect.fault() is not None
        assert len(calls) == 1
        free.set()
        monkeypatch.setattr(ready, "PATIENCE_S", 20)
        assert await aspect.fault() is None
        assert await aspect.fault() is None
        assert len(calls) == 1, "a success is remembered"

    asyncio.run(flow())


def test_a_failure_is_told_without_its_insides(caplog: pytest.LogCaptureFixture) -> None:
    async def fault(error: Exception) -> str | None:
        def check() -> None:
            raise error

        return await Aspect(check).fault()

    assert asyncio.run(fault(Unavailable("The database is away"))) == "The database is away"
    assert caplog.records == []
    told = asyncio.run(fault(RuntimeError("a secret")))
    assert told is not None
    assert "secret" not in told
    assert "A check of readiness failed" in caplog.text
