"""Two servers on one database: what one has written the other finds at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from search.changing import KINDS, RUNS, Changing
from search.conftest import AT_ONCE
from search.test_at_once import WRITERS, write_and_find
from sqlalchemy.engine import make_url
from support.length import length
from support.postgres import fresh_database
from support.stores import random

from assay.core.search.ast import Attribute, Comparison
from assay.services.runs import RunService
from assay.stores.postgres import PostgresStore
from assay.testing.house import House, new_uid


@pytest.fixture(scope="module", params=["postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def stores(database_server: Any) -> Iterator[tuple[Any, Any]]:
    """One that writes, and one that is searched."""
    url = fresh_database(database_server)
    writes, reads = PostgresStore(url, "writes", random), PostgresStore(url, "reads", random, AT_ONCE)
    yield writes, reads
    reads.close()
    writes.close()


@pytest.fixture(scope="module")
def store(stores: tuple[Any, Any]) -> Any:
    return stores[1]


@pytest.fixture
def rest_us() -> int:
    """What another server changes is seen by its time, which has milliseconds."""
    return 20_000


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_change_is_seen_by_the_other(stores: tuple[Any, Any], kind: str) -> None:
    writes, reads = stores
    changing = Changing(writes, KINDS.index(kind), reads)
    for _ in range(3 * RUNS):
        changing.change()
    for _ in range(4):
        for query in changing.queries():
            before = reads.projections.served
            changing.compare(query)
            assert reads.projections.served > before
        changing.change(kind)
    for query in changing.queries():
        changing.compare(query)


def test_who_writes_here_finds_it_there(stores: tuple[Any, Any]) -> None:
    house, reader = House(stores[0]), House(stores[1])
    reader.scope = house.scope
    before = stores[1].projections.served
    with ThreadPoolExecutor(WRITERS) as pool:
        for done in [pool.submit(write_and_find, house, reader, number, length(25, 400)) for number in range(WRITERS)]:
            done.result()
    assert stores[1].projections.served > before + 25 * WRITERS / 2


def test_a_long_transaction_is_seen_when_it_ends(stores: tuple[Any, Any]) -> None:
    """Its times are those of its beginning, and others have moved on since."""
    house, reader = House(stores[0]), House(stores[1])
    uid, other = house.run("before"), house.run("other")

    def find(name: str) -> list[str]:
        where = Comparison(Attribute("name"), "=", name)
        return [item.run.uid for item in reader.runs.search(house.scope, [house.experiment_id], where=where).items]

    assert find("before") == [uid]
    times = iter(range(1_000))

    def work(unit: Any) -> None:
        run = unit.runs.lock(house.scope, uid)
        unit.runs.update(house.scope, run.id, name="after")
        for _ in range(3):
            time.sleep(0.15)
            name = f"other {next(times)}"
            reader.runs.update(house.scope, other, name=name)
            assert find(name) == [other]
            assert find("before") == [uid]

    before = stores[1].projections.served
    house.write(work)
    assert find("after") == [uid]
    assert find("before") == []
    assert stores[1].projections.served == before + 8


def test_transactions_that_nobody_may_look_at_leave_searches_to_sql(database_server: Any) -> None:
    """A server of another role writes: when its transactions began is hidden."""
    url = make_url(fresh_database(database_server))
    database_server.psql(
        "CREATE ROLE assay_one LOGIN PASSWORD 'one' SUPERUSER; CREATE ROLE assay_two LOGIN PASSWORD 'two';"
    )
    database_server.psql(f"ALTER DATABASE {url.database} OWNER TO assay_two;")
    mine = url.set(username="assay_two", password="two").render_as_string(hide_password=False)
    reads = PostgresStore(mine, "reads", random, AT_ONCE)
    try:
        house = House(reads)
        house.run("a")
        assert [item.run.name for item in house.runs.search(house.scope, [house.experiment_id]).items] == ["a"]
        assert reads.projections.served == 1
        theirs = url.set(username="assay_one", password="one").render_as_string(hide_password=False)
        writes = PostgresStore(theirs, "writes", random, AT_ONCE)
        try:
            RunService(writes, new_uid).create(house.scope, house.experiment_id, name="b", start_us=1)
            for _ in range(3):
                found = house.runs.search(house.scope, [house.experiment_id])
                assert [item.run.name for item in found.items] == ["b", "a"]
            assert reads.projections.served == 1
        finally:
            writes.close()
    finally:
        reads.close()
