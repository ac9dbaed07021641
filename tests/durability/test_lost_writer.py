"""The writing thread outlives whatever happens to its connection, and leaves no caller waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, event, make_url, text
from support.postgres import fresh_database, postgres, stop
from support.stores import random

from assay.core.tracking import Logged
from assay.services.waiting import future_of
from assay.stores.delta import POSTGRES
from assay.stores.postgres import PostgresStore, _engine
from assay.stores.unit import Unit
from assay.stores.writer import Writer
from assay.testing.house import House
from assay.wire.errors import Unavailable

SOON_S = 30


@pytest.fixture
def own_server() -> Iterator[Any]:
    """A PostgreSQL that no other test needs."""
    with postgres() as running:
        yield running


@pytest.fixture
def engine(own_server: Any) -> Iterator[Engine]:
    """Of a database with the schema and nothing else."""
    address = fresh_database(own_server)
    PostgresStore(address, "test", random).close()
    made = _engine(make_url(address).set(drivername="postgresql+psycopg"), 2, 2).execution_options(
        isolation_level="AUTOCOMMIT"
    )
    yield made
    made.dispose()


@pytest.fixture
def writer(engine: Engine) -> Iterator[Writer]:
    """A thread that has not connected yet."""
    made = Writer(engine, POSTGRES, "test", lambda connection: Unit(connection, POSTGRES, random), None)
    yield made
    made.close()


def one(unit: Unit) -> int:
    """Works where the database does."""
    return int(unit.rows("SELECT 1", ())[0][0])


def refused(*futures: Future[Any]) -> None:
    """All of them end soon, and say that the database is away."""
    for future in futures:
        with pytest.raises(Unavailable, match="does not answer"):
            future.result(SOON_S)


def test_a_database_away_at_the_first_call_is_told_and_comes_back(own_server: Any, writer: Writer) -> None:
    stop(own_server, "immediate")
    refused(*[writer.submit(one) for _ in range(5)])
    refused(writer.submit(one))
    own_server.ensure_postgres_running()
    assert writer.submit(one).result(SOON_S) == 1


def test_a_database_that_dies_under_a_group_is_told_to_all_of_it(own_server: Any, writer: Writer) -> None:
    """Also to those whose part was done: nothing of them is on disk."""
    assert writer.submit(one).result(SOON_S) == 1

    def die(unit: Unit) -> int:
        stop(own_server, "immediate")
        return one(unit)

    began, queued = threading.Event(), threading.Event()

    def hold(_: Unit) -> None:
        began.set()
        queued.wait(SOON_S)

    holding = writer.submit(hold)
    assert began.wait(SOON_S)  # else what is submitted next might join its group
    group = [writer.submit(work) for work in (one, die, one)]
    queued.set()
    holding.result(SOON_S)
    refused(*group)
    own_server.ensure_postgres_running()
    assert writer.submit(one).result(SOON_S) == 1


def test_a_rollback_that_fails_ends_nothing(engine: Engine, writer: Writer) -> None:
    """Nothing of the transaction that could not be rolled back meets the next group."""
    failing = [True]

    def fail(_: object) -> None:
        if failing:
            failing.clear()
            raise RuntimeError("no rollback")

    event.listen(engine, "rollback", fail)
    with pytest.raises(Exception, match=r"no rollback|division by zero"):
        writer.submit(lambda unit: unit.connection.execute(text("SELECT 1 / 0"))).result(SOON_S)
    assert not failing
    assert writer.submit(one).result(SOON_S) == 1


def test_a_log_call_at_a_database_away_is_told_at_once(own_server: Any) -> None:
    """As a store does it: its writer connects with the first call."""
    store = PostgresStore(fresh_database(own_server), "test", random)
    try:
        house = House(store)
        uid = house.run()
        stop(own_server, "fast")
        logged = Logged(uid, ["loss"], [0.5], [1], [1])
        call = partial(store.log, house.scope, logged)
        refused(*[future_of(call) for _ in range(3)])
        own_server.ensure_postgres_running()
        future_of(call).result(SOON_S)
        assert len(house.history.history(house.scope, uid, "loss")) == 1
    finally:
        store.close()
