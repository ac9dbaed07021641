"""All threads of a server may write to PostgreSQL at once, whatever names they bring."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.stores import open_store

from assay.core.scope import Scope
from assay.core.tracking import Logged
from assay.services.runs import RunService
from assay.services.waiting import future_of
from assay.testing.house import new_uid
from assay.wire.errors import NotFound, Unavailable

SCOPE = Scope()
THREADS = 40  # as many as a server has for requests, and more than a store has connections
RUNS = 5
SOON_S = 20.0  # a thread that waits for a connection gives up after 30


@pytest.fixture
def store(database_server: Any, tmp_path: Path) -> Iterator[Any]:
    with open_store("postgresql", tmp_path, lambda: database_server) as opened:
        yield opened


def test_many_threads_with_new_names_do_not_starve_each_other(store: Any) -> None:
    runs, failures = RunService(store, new_uid), []
    ready = threading.Barrier(THREADS)

    def create(thread: int) -> None:
        try:
            ready.wait(30)
            for number in range(RUNS):
                runs.create(SCOPE, 0, name="run", tags={f"tag {thread} {number} {at}": "x" for at in range(3)})
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(THREADS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    took_s = time.monotonic() - began
    assert failures == []
    assert took_s < SOON_S


def test_when_no_connection_comes_free_the_answer_says_so(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = store._engine.pool
    monkeypatch.setattr(pool, "_timeout", 0.1)
    held = [pool.connect() for _ in range(pool.size() + pool._max_overflow)]
    try:
        with pytest.raises(Unavailable, match="in use") as caught:
            store.write(lambda unit: unit.now_us())
        assert caught.value.remedy
        assert caught.value.retry_after_s
        with pytest.raises(Unavailable), store.read():
            pass
        # The writer has a connection of its own, also for its first call: it is asked, and knows of no such run.
        with pytest.raises(NotFound):
            future_of(partial(store.log, SCOPE, Logged("0" * 32, ["loss"], [0.5], [1], [1]))).result(SOON_S)
    finally:
        for connection in held:
            connection.close()
    assert store.write(lambda unit: unit.now_us())
