"""The server outlives its PostgreSQL: coded answers meanwhile, and what was acknowledged is there afterwards."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from support.length import length
from support.postgres import fresh_database, postgres, stop
from support.server import API, Http, Server

WRITERS = 4
PATIENCE_S = 60


@pytest.fixture
def own_server() -> Iterator[Any]:
    """A PostgreSQL that no other test needs."""
    with postgres() as running:
        yield running


class Load:
    """Threads that log points one by one, and remember which were acknowledged and what else they were told."""

    def __init__(self, server: Server) -> None:
        self.server = server
        http = server.http()
        self.run_id = http.mlflow("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
        http.close()
        self.acknowledged: list[list[int]] = [[] for _ in range(WRITERS)]
        self.refused: list[tuple[int, str]] = []
        self.failures: list[BaseException] = []
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _write(self, number: int) -> None:
        http = self.server.http()
        try:
            for step in itertools.count():
                if self._done.is_set():
                    return
                if self._accepted(http, number, step):
                    self.acknowledged[number].append(step)
        except BaseException as error:  # told by the test
            self.failures.append(error)
        finally:
            http.close()

    def _accepted(self, http: Http, number: int, step: int) -> bool:
        if step % 3 == 2:  # what goes through a transaction of its own, not through the group's
            given: Any = {"run_id": self.run_id, "key": f"t{number}", "value": str(step)}
            http.request("POST", API + "runs/update", {"run_id": self.run_id, "run_name": f"{number}-{step}"})
            answer = http.request("GET", API + "runs/get", run_id=self.run_id)
        else:
            given = {"run_id": self.run_id, "key": f"m{number}", "value": step, "step": step, "timestamp": step}
            answer = http.request("POST", API + "runs/log-metric", given)
        if answer.status != 200:
            self.refused.append((answer.status, answer.json["error_code"]))
            time.sleep(0.02)
            return False
        return step % 3 != 2

    def wait_for_more(self) -> None:
        """Every thread has been acknowledged something from now on."""
        before = [len(steps) for steps in self.acknowledged]
        deadline = time.monotonic() + PATIENCE_S
        while any(len(now) <= then + 3 for now, then in zip(self.acknowledged, before, strict=True)):
            assert not self.failures, self.failures
            assert time.monotonic() < deadline, self.refused[-5:]
            time.sleep(0.05)

    def wait_for_a_refusal(self) -> None:
        """Somebody has been told that the database is away."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.refused:
            assert not self.failures, self.failures
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def check(self) -> None:
        """Every answer was a success or the one code, and all that was acknowledged is read back, once."""
        assert self.failures == []
        assert set(self.refused) <= {(503, "TEMPORARILY_UNAVAILABLE")}
        http = self.server.http()
        for number, steps in enumerate(self.acknowledged):
            given = {"run_id": self.run_id, "metric_key": f"m{number}", "max_results": 25_000}
            found = [item["step"] for item in http.mlflow("GET", "metrics/get-history", given)["metrics"]]
            assert set(steps) <= set(found)
            assert len(found) == len(set(found)), "a point that was sent once is there twice"
        http.close()


@pytest.fixture
def over(tmp_path: Path) -> Iterator[Callable[[str], Server]]:
    """Starts a server over a database."""
    started: list[Server] = []

    def start(address: str) -> Server:
        started.append(Server(tmp_path / "home", ["--store", address]).start())
        return started[-1]

    yield start
    for server in started:
        server.stop()


def test_lost_connections_are_made_anew(
    over: Callable[[str], Server], database_server: Any, record_property: Any
) -> None:
    """All of the server's backends are terminated, again and again, in the middle of whatever they do."""
    address = fresh_database(database_server)
    times = length(5, 60)
    with Load(over(address)) as load:
        for _ in range(times):
            load.wait_for_more()
            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        load.wait_for_more()
    load.check()
    count = sum(map(len, load.acknowledged))
    record_property("evidence", f"all backends ended {times} times; {count} points acknowledged, none lost")


def test_a_stopped_database_comes_back(over: Callable[[str], Server], own_server: Any, record_property: Any) -> None:
    """Requests get a code while it is down, and the server goes on by itself."""
    address = fresh_database(own_server)
    with Load(over(address)) as load:
        for mode in ("fast", "immediate"):
            load.wait_for_more()
            load.refused.clear()
            stop(own_server, mode)
            load.wait_for_a_refusal()
            time.sleep(1)
            assert load.failures == []
            own_server.ensure_postgres_running()
            load.wait_for_more()
    load.check()
    record_property("evidence", f"stopped twice; {sum(map(len, load.acknowledged))} points acknowledged, none lost")
