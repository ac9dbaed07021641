"""What is read in the background, how much is held, and when it is given back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from search.changing import Changing
from support.stores import ENGINES, open_store

from assay.core.search.ast import Attribute, Comparison, Order, Param
from assay.stores import runs
from assay.stores.delta import TookTooLong
from assay.stores.projection import projections
from assay.stores.projection.projections import Sizes
from assay.stores.runs import RunStore
from assay.testing.house import House
from assay.wire.errors import InvalidInput

Open = Callable[..., Any]
PATIENCE_S = 60


@pytest.fixture
def nothing_failed() -> None:
    """Each store is opened by its test."""


@pytest.fixture(params=ENGINES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens a store with these sizes."""

    @contextmanager
    def open_with(**sizes: Any) -> Iterator[Any]:
        server = lambda: request.getfixturevalue("database_server")  # noqa: E731
        with open_store(request.param, tmp_path, server, Sizes(**sizes)) as store:
            yield store
            assert store.projections.failed == 0

    return open_with


def compare(changing: Changing, until: Callable[[], bool] | None = None) -> None:
    """All searches are answered rightly, and again until something is so."""
    before_s = time.monotonic() + PATIENCE_S
    while True:
        for query in changing.queries():
            changing.compare(query)
        if until is None or until():
            return
        assert time.monotonic() < before_s
        changing.change()


def filled(store: Any, changes: int = 40) -> Changing:
    """Some runs."""
    changing = Changing(store, 7)
    for _ in range(changes):
        changing.change()
    return changing


def test_columns_are_read_in_the_background_while_sql_answers(opened: Open) -> None:
    with opened(least_runs=0, read_at_once_runs=0) as store:
        changing = filled(store)
        first = store.projections.served
        compare(changing, lambda: store.projections.served > first + 200)
        for _ in range(20):
            changing.change()
            compare(changing)


def test_few_runs_are_left_to_sql_until_they_are_more(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projections, "RECONSIDERED_S", 0.0)
    with opened(least_runs=20) as store:
        house = House(store)
        for number in range(30):
            house.run(f"{number}")
            house.runs.search(house.scope, [house.experiment_id])
            assert store.projections.served == max(number - 18, 0)


def test_more_changes_than_a_search_reads_again_are_read_in_the_background(opened: Open) -> None:
    with opened(least_runs=0, most_changed=3) as store:
        changing = filled(store)
        compare(changing, lambda: store.projections.served > 50)
        for _ in range(3):
            for _ in range(30):
                changing.change()
            compare(changing)
        first = store.projections.served
        compare(changing, lambda: store.projections.served > first + 50)


@pytest.mark.parametrize("bound", [{"most_runs": 3}, {"most_bytes": 1}])
def test_what_is_too_large_is_left_to_sql(opened: Open, bound: dict[str, int]) -> None:
    with opened(least_runs=0, read_at_once_runs=0, **bound) as store:
        changing = filled(store)
        for _ in range(5):
            compare(changing)
            time.sleep(0.05)
        assert store.projections.served == 0


def test_columns_that_nobody_has_asked_for_lately_make_room(opened: Open) -> None:
    with opened(least_runs=0, most_bytes=200_000) as store:
        changing = filled(store)
        for _ in range(3):
            compare(changing)
        assert store.projections.served > 0
        assert store.projections.bytes() < 200_000


def test_what_nobody_uses_is_given_back(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projections, "WAKE_S", 0.01)
    with opened(least_runs=0, read_at_once_runs=0, idle_s=0.3) as store:
        changing = filled(store)
        compare(changing, lambda: store.projections.served > 0)
        assert store.projections.bytes() > 0
        before_s = time.monotonic() + PATIENCE_S
        while store.projections.bytes():
            assert time.monotonic() < before_s
            time.sleep(0.01)
        compare(changing)


SLOW = {
    True: "SELECT pg_sleep(20)",
    False: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT max(i) FROM n",
}


def test_no_search_takes_longer_than_its_bound(opened: Open) -> None:
    """It is ended, says so, and its connection serves the next one."""
    with opened(least_runs=1_000) as store:
        house = House(store)
        uid = house.run("there")
        for _ in range(3):
            began_s = time.monotonic()
            with store.read() as unit:
                with pytest.raises(TookTooLong), unit.bounded(0.2):
                    unit.rows(SLOW[unit.delta.joins_writes], ())
                unit.renew()
                assert unit.runs.get(house.scope, uid).name == "there"
            assert time.monotonic() - began_s < 15
        with (
            pytest.raises(InvalidInput, match=r"took longer than 0\.2 s") as refused,
            store.read() as unit,
            unit.bounded(0.2),
        ):
            unit.rows(SLOW[unit.delta.joins_writes], ())
        assert refused.value.field == "filter"
        assert refused.value.remedy
        with store.read() as unit, unit.bounded(0.2):
            assert unit.runs.get(house.scope, uid).name == "there"
        with store.read() as unit:  # what has no bound is not held to the last one
            time.sleep(0.3)
            assert unit.runs.get(house.scope, uid).name == "there"


def test_a_search_that_sql_is_slow_for_waits_for_its_columns(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQL has a moment; then memory answers, once it can."""
    with opened(least_runs=0, read_at_once_runs=0) as store:
        if getattr(store, "_memory", False):
            pytest.skip("in memory, who reads keeps the columns from being read")
        house = House(store)
        uids = [house.run(f"run {number}") for number in range(5)]
        asked: list[float] = []

        def slow(self: RunStore, *_: Any) -> Any:
            asked.append(time.monotonic())
            self._unit.rows(SLOW[self._unit.delta.joins_writes], ())

        monkeypatch.setattr(runs, "FIRST_S", 0.1)
        monkeypatch.setattr(RunStore, "_searched", slow)
        found = house.runs.search(house.scope, [house.experiment_id], where=Comparison(Param("lr"), "!=", "1"))
        assert [record.run.uid for record in found.items] == []
        found = house.runs.search(house.scope, [house.experiment_id], order=[Order(Attribute("name"))])
        assert [record.run.uid for record in found.items] == uids
        assert asked, "SQL was not asked"
        assert store.projections.served >= 2
