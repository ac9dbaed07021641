"""Recurring work: one holder at a time, again after its time, and again when its holder died."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from support.stores import ENGINES, open_store

from assay.services.jobs import Job, JobService
from assay.stores import schema
from assay.wire.errors import Unavailable

HOUR_US = 3_600_000_000


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    with open_store(request.param, tmp_path, lambda: request.getfixturevalue("database_server")) as opened:
        yield opened


def forward(store: Any, **values: Any) -> None:
    store.write(lambda unit: unit.connection.execute(update(schema.job).values(**values)))


def test_a_job_is_done_once_in_its_time(store: Any) -> None:
    done: list[str] = []
    jobs = JobService(store, "one", [Job("count", HOUR_US, HOUR_US, lambda: done.append("x"))])
    assert jobs.run_due() == ["count"]
    assert jobs.run_due() == []
    forward(store, due_us=0)
    assert jobs.run_due() == ["count"]
    assert len(done) == 2


def test_several_servers_do_it_once(store: Any) -> None:
    done: list[str] = []
    barrier = threading.Barrier(6)

    def serve(name: str) -> None:
        barrier.wait()
        JobService(store, name, [Job("count", HOUR_US, HOUR_US, lambda: done.append(name))]).run_due()

    threads = [threading.Thread(target=serve, args=(f"server {number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1


def test_a_dead_holder_is_replaced_when_its_lease_ends(store: Any) -> None:
    store.write(lambda unit: unit.jobs.claim("count", "", "dead", HOUR_US))
    done: list[str] = []
    jobs = JobService(store, "alive", [Job("count", HOUR_US, HOUR_US, lambda: done.append("x"))])
    assert jobs.run_due() == []
    forward(store, lease_until_us=0)
    assert jobs.run_due() == ["count"]
    store.write(lambda unit: unit.jobs.done("count", "", "dead", 0))  # it was not dead, only slow
    assert jobs.run_due() == []


def test_a_job_that_fails_ends_no_other(store: Any) -> None:
    done: list[str] = []

    def fail() -> None:
        raise Unavailable("not now")

    jobs = [Job("fails", HOUR_US, HOUR_US, fail), Job("count", HOUR_US, HOUR_US, lambda: done.append("x"))]
    assert JobService(store, "one", jobs).run_due() == ["count"]
    assert done == ["x"]
