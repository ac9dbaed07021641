"""The one statement that most log calls are on PostgreSQL stores nothing unless all is as the server remembers it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from sqlalchemy import event, text
from support.postgres import fresh_database
from support.stores import random

from assay.core.points.columns import from_lists
from assay.core.points.tails import TAIL_BATCHES
from assay.core.scope import Scope
from assay.core.tracking import Logged
from assay.services.waiting import future_of
from assay.stores.postgres import PostgresStore
from assay.stores.unit import driver_of
from assay.testing import inside
from assay.testing.house import House
from assay.wire.errors import NotActive, NotFound

SOON_S = 30


@pytest.fixture
def address(database_server: Any) -> str:
    return fresh_database(database_server)


@pytest.fixture
def store(address: str, tmp_path: Path) -> Iterator[PostgresStore]:
    made = PostgresStore(address, "one", random)
    made._upkeep.close()  # what settles here, the tests do
    yield made
    made.close()


@pytest.fixture
def house(store: PostgresStore) -> House:
    return House(store)


@pytest.fixture
def other(address: str) -> Iterator[PostgresStore]:
    """Another server on the same database."""
    made = PostgresStore(address, "two", random)
    yield made
    made.close()


@pytest.fixture
def begun(store: PostgresStore) -> list[int]:
    """Grows by one with each transaction of the writer that is not the one statement."""
    found: list[int] = []
    event.listen(store._logs, "begin", lambda _: found.append(1))
    return found


def call(store: PostgresStore, scope: Scope, logged: Logged) -> Future[None]:
    return future_of(partial(store.log, scope, logged))


def send(house: House, uid: str, *steps: int, value: float = 0.5, key: str = "loss", **given: Any) -> Future[None]:
    n = len(steps)
    return call(house.store, house.scope, Logged(uid, [key] * n, [value] * n, steps, [7] * n, **given))


def steps(house: House, uid: str) -> list[int]:
    return house.history.history(house.scope, uid, "loss").step.tolist()


def latest(house: House, uid: str) -> list[int]:
    return [one.step for one in house.runs.get(house.scope, uid).metrics]


def test_calls_after_the_first_are_one_statement(house: House, begun: list[int]) -> None:
    uid = house.run()
    send(house, uid, 0).result(SOON_S)
    assert len(begun) == 1
    for step in range(1, 5):
        send(house, uid, step).result(SOON_S)
    send(house, uid, 5, 6, 7).result(SOON_S)
    columns = Logged(
        uid, ["loss"], np.full(3, 0.5), np.array([8, 9, 10]), np.full(3, 7), key_index=np.zeros(3, np.int64)
    )
    call(house.store, house.scope, columns).result(SOON_S)
    assert len(begun) == 1
    assert steps(house, uid) == list(range(11))
    assert latest(house, uid) == [10]
    send(house, uid, 11, key="accuracy").result(SOON_S)  # a new name
    send(house, uid, 12, rows=[3]).result(SOON_S)
    send(house, uid, 13, tags={"a": "b"}).result(SOON_S)
    assert len(begun) == 4


def test_tails_are_short_and_complete(house: House, store: PostgresStore, begun: list[int]) -> None:
    uids = [house.run() for _ in range(3)]
    for step in range(120):
        for future in [send(house, uid, step) for uid in uids]:
            future.result(SOON_S)
    with store.read() as unit:
        counts = dict(
            unit.connection.execute(text("SELECT owner_id, count(*) FROM metric_batch GROUP BY owner_id")).all()
        )  # type: ignore[attr-defined]
        told = dict(unit.connection.execute(text("SELECT owner_id, batches FROM metric_motion")).all())  # type: ignore[attr-defined]
    assert told == counts
    assert max(counts.values()) <= TAIL_BATCHES
    assert len(begun) <= 4  # the first calls, and the first fold: what it leaves is remembered
    for uid in uids:
        assert steps(house, uid) == list(range(120))
        assert latest(house, uid) == [119]


def test_runs_of_small_and_of_large_batches_are_made_short_together(house: House, store: PostgresStore) -> None:
    """Small batches become one; where they are the lesser part of a tail, it is compacted."""
    small, large, mixed = (house.run() for _ in range(3))
    for number in range(70):
        many = range(number * 1_200, (number + 1) * 1_200)
        sent = [
            send(house, small, number),
            send(house, large, *many),
            send(house, mixed, *(many if number % 3 else [many[0]])),
        ]
        for future in sent:
            future.result(SOON_S)
        for uid in (small, large, mixed):
            inside.check(inside.layout(store, house.head(uid).id))
    assert not inside.layout(store, house.head(small).id).chunks
    assert inside.layout(store, house.head(large).id).chunks
    assert steps(house, small) == list(range(70))
    assert steps(house, large) == list(range(84_000))
    assert steps(house, mixed) == [step for step in range(84_000) if step // 1_200 % 3 or step % 1_200 == 0]


def grow(house: House, uid: str, *some: int) -> None:
    for step in some:
        send(house, uid, step).result(SOON_S)


def folded(house: House) -> str:
    """A run whose tail has been folded, so that it is remembered: a batch of 32 points, and one of one."""
    uid = house.run()
    grow(house, uid, *range(33))
    return uid


def test_what_is_remembered_is_folded_by_one_statement(house: House, store: PostgresStore, begun: list[int]) -> None:
    uid = folded(house)
    before = len(begun)
    grow(house, uid, *range(33, 200))
    assert len(begun) == before
    inside.check(inside.layout(store, house.head(uid).id))
    assert steps(house, uid) == list(range(200))
    assert driver_of(store._writer._connected()).execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_a_large_batch_stays_as_it_is(house: House, store: PostgresStore, begun: list[int]) -> None:
    uid = folded(house)
    before = len(begun)
    send(house, uid, *range(33, 2_033)).result(SOON_S)
    grow(house, uid, *range(2_033, 2_100))
    assert len(begun) == before
    with store.read() as unit:
        counts = list(unit.connection.execute(text("SELECT count FROM metric_batch")).scalars())  # type: ignore[attr-defined]
    assert counts.count(2_000) == 1
    assert steps(house, uid) == list(range(2_100))


def test_remembered_tails_of_many_bytes_are_compacted(house: House, store: PostgresStore) -> None:
    """Their batches are as small as those that are folded, but there are so many bytes that chunks are worth it."""
    uids = [folded(house) for _ in range(2)]
    rng = np.random.default_rng(1)
    largest = 0
    for start in range(33, 40_033, 1_000):
        values, some = rng.normal(size=1_000).tolist(), range(start, start + 1_000)
        sent = [Logged(uid, ["loss"] * 1_000, values, some, [7] * 1_000) for uid in uids]
        for future in [call(house.store, house.scope, logged) for logged in sent]:
            future.result(SOON_S)
        store._writer.submit(lambda _: None).result(SOON_S)  # it makes tails short after it has answered
        with store.read() as unit:
            counts = unit.connection.execute(text("SELECT max(count) FROM metric_batch"))  # type: ignore[attr-defined]
            largest = max(largest, counts.scalar_one() or 0)
    assert largest == 1_000
    for uid in uids:
        found = inside.layout(store, house.head(uid).id)
        inside.check(found)
        assert found.chunks
        assert steps(house, uid) == list(range(40_033))


def test_what_another_server_wrote_into_a_remembered_batch_is_kept(
    house: House, store: PostgresStore, other: PostgresStore, address: str
) -> None:
    """Its batches and ours became one, under the name of ours: by their number, nothing has changed."""
    uid = house.run()
    grow(house, uid, *range(32))
    store._writer.submit(lambda _: None).result(SOON_S)  # it folds after it has answered
    run_id = house.head(uid).id
    with psycopg.connect(address, autocommit=True) as connection:
        ((name, seq),) = connection.execute("SELECT writer, seq FROM metric_batch").fetchall()
    with other._engine.begin() as others:
        unit = other._unit(others)
        (key_id,) = others.execute(text("SELECT id FROM key WHERE name = 'loss'")).scalars()
        unit.points.append("another", 1, {run_id: from_lists([key_id], [1_000], [7], [0.5])})
        unit.points.compaction.shorten(run_id, 2)
        others.execute(text("UPDATE metric_batch SET writer = :name, seq = :seq"), {"name": name, "seq": seq})
    assert store._writer._shortcut is not None
    assert store._writer._shortcut._remembered.tail(run_id)
    grow(house, uid, *range(32, 62))
    tail = store._writer._shortcut._remembered.tail(run_id)
    assert tail is not None
    assert len(tail) == 31
    grow(house, uid, *range(62, 100))
    inside.check(inside.layout(store, run_id))
    assert steps(house, uid) == [*range(100), 1_000]


def test_a_fold_waits_for_who_holds_the_run_and_then_finds_it_changed(
    house: House, store: PostgresStore, other: PostgresStore
) -> None:
    uid = folded(house)
    run_id = house.head(uid).id
    with other._engine.begin() as connection:
        unit = other._unit(connection)
        assert unit.points.compaction.settle(run_id, unit.now_us() + 1_000_000)
    cursor = driver_of(store._writer._connected()).cursor()
    shortcut = store._writer._shortcut
    assert shortcut is not None
    assert shortcut.fold_remembered(cursor, 1_000_000, {run_id: shortcut._tails[run_id]})
    assert run_id not in shortcut._tails
    grow(house, uid, *range(33, 100))
    inside.check(inside.layout(store, run_id))
    assert steps(house, uid) == list(range(100))


@pytest.mark.parametrize("whose", ["own", "other"])
def test_a_run_that_came_to_rest_has_each_latest_value_once(
    house: House, store: PostgresStore, other: PostgresStore, whose: str
) -> None:
    uid = house.run()
    for step in range(3):
        send(house, uid, step).result(SOON_S)
    assert (store if whose == "own" else other).settle(-1_000_000) == 1
    send(house, uid, 3).result(SOON_S)
    assert latest(house, uid) == [3]
    assert steps(house, uid) == [0, 1, 2, 3]
    send(house, uid, 2, value=9.0).result(SOON_S)
    assert latest(house, uid) == [3]


def test_a_run_that_comes_to_rest_meanwhile_has_each_latest_value_once(
    house: House, other: PostgresStore, address: str
) -> None:
    """The statement waits for the run's lock, and what it saw before is no longer so."""
    uid = house.run()
    for step in range(3):
        send(house, uid, step).result(SOON_S)
    run_id = house.head(uid).id
    with other._engine.begin() as connection:
        unit = other._unit(connection)
        assert unit.points.compaction.settle(run_id, unit.now_us() + 1_000_000)
        waiting = send(house, uid, 3)
        wait_for_a_waiter(address)
        assert not waiting.done()
    waiting.result(SOON_S)
    assert latest(house, uid) == [3]
    assert steps(house, uid) == [0, 1, 2, 3]


def test_a_run_that_is_deleted_meanwhile_takes_nothing(house: House, other: PostgresStore, address: str) -> None:
    uid, neighbour = house.run(), house.run()
    for future in [send(house, uid, 0), send(house, neighbour, 0)]:
        future.result(SOON_S)
    with other._engine.begin() as connection:
        connection.execute(text("UPDATE run SET lifecycle = 'deleted' WHERE uid = :uid"), {"uid": uid})
        waiting = send(house, uid, 1)
        wait_for_a_waiter(address)
        beside = send(house, neighbour, 1)
    with pytest.raises(NotActive):
        waiting.result(SOON_S)
    beside.result(SOON_S)
    assert steps(house, uid) == [0]
    assert steps(house, neighbour) == [0, 1]


def test_another_workspace_does_not_know_the_run(house: House) -> None:
    uid = house.run()
    send(house, uid, 0).result(SOON_S)
    logged = Logged(uid, ["loss"], [0.5], [1], [1])
    with pytest.raises(NotFound):
        call(house.store, Scope(house.scope.workspace_id + 1), logged).result(SOON_S)
    assert steps(house, uid) == [0]


def test_a_commit_that_fails_is_told(house: House, address: str) -> None:
    """The statement itself has succeeded by then: what counts is the answer after it."""
    uid = house.run()
    send(house, uid, 0).result(SOON_S)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'not at the end'; END $$"
        )
        connection.execute(
            "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON metric_batch DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
        with pytest.raises(Exception, match="not at the end"):
            send(house, uid, 1).result(SOON_S)
        connection.execute("DROP TRIGGER late ON metric_batch")
    send(house, uid, 2).result(SOON_S)
    assert steps(house, uid) == [0, 2]


def test_a_damaged_tail_is_told_to_who_logs_next_and_to_nobody_else(
    house: House, store: PostgresStore, address: str
) -> None:
    uid, neighbour = house.run(), house.run()
    for step in range(5):
        send(house, uid, step).result(SOON_S)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "UPDATE metric_batch SET payload = 'damaged' WHERE seq = (SELECT min(seq) FROM metric_batch)"
        )
    refused = 0
    for step in range(5, 50):
        send(house, neighbour, step).result(SOON_S)
        try:
            send(house, uid, step).result(SOON_S)
        except Exception:
            refused += 1
    assert 0 < refused < 45
    assert steps(house, neighbour) == list(range(5, 50))


def wait_for_a_waiter(address: str) -> None:
    """Somebody waits for a lock in this database."""
    deadline = time.monotonic() + SOON_S
    with psycopg.connect(address, autocommit=True) as connection:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        while not connection.execute(waiting).fetchone()[0]:  # type: ignore[index]
            assert time.monotonic() < deadline
            time.sleep(0.02)
