"""Who was answered finds what he wrote, whoever else writes and searches, and a page shows one moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from support.length import length

from assay.core.search.ast import Attribute, Comparison, Metric, Order, Param
from assay.core.tracking import Logged
from assay.testing.house import House

WRITERS = 4


def write_and_find(house: House, reader: House, number: int, rounds: int) -> None:
    """Logs a value that no other run has, and finds exactly this run by it, again and again."""
    uid = house.run(f"{number}")
    for at in range(rounds):
        value = float(at * WRITERS + number)
        params = {f"p{at}": f"{number}"}
        house.runs.log(house.scope, Logged(uid, ["m"], [value], [at], [at], params=params if at % 2 else {})).result()
        found = reader.runs.search(reader.scope, [house.experiment_id], where=Comparison(Metric("m"), "=", value))
        assert [item.run.uid for item in found.items] == [uid], (number, at)
        if at % 2:
            same = Comparison(Param(f"p{at}"), "=", f"{number}")
            found = reader.runs.search(reader.scope, [house.experiment_id], where=same)
            assert [item.run.uid for item in found.items] == [uid], (number, at)


def test_who_writes_finds_it_at_once(house: House) -> None:
    with ThreadPoolExecutor(WRITERS) as pool:
        for done in [pool.submit(write_and_find, house, house, number, length(25, 400)) for number in range(WRITERS)]:
            done.result()


def test_a_page_shows_one_moment(house: House) -> None:
    """What a page says of its runs is what they were found and ordered by."""
    uids = [house.run(f"{number}") for number in range(6)]
    for uid in uids:
        house.log(uid, "m", [0.0])
    stop = threading.Event()

    def write(number: int) -> None:
        step = 0
        while not stop.is_set():
            step += 1
            for uid in uids[number::2]:
                house.log(uid, "m", [float((step * 7 + number) % 10)], [step])

    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write, number) for number in range(2)]
        try:
            for _ in range(length(60, 1_000)):
                page = house.runs.search(
                    house.scope,
                    [house.experiment_id],
                    where=Comparison(Metric("m"), ">=", 4.0),
                    order=[Order(Metric("m"), descending=True)],
                )
                values = [item.metrics[0].value for item in page.items]
                assert values == sorted(values, reverse=True)
                assert all(value >= 4.0 for value in values)
        finally:
            stop.set()
        for writer in writers:
            writer.result()


@pytest.mark.parametrize("searches", [1, 3])
def test_a_search_during_a_transaction_hides_it_from_no_later_one(house: House, engine: str, searches: int) -> None:
    """Its changes are noted before its commit, and not taken for read by who cannot see them yet."""
    if engine == "sqlite-memory":
        pytest.skip("readers and the writer take turns")
    uid = house.run("before")

    def find(name: str) -> list[str]:
        where = Comparison(Attribute("name"), "=", name)
        return [item.run.uid for item in house.runs.search(house.scope, [house.experiment_id], where=where).items]

    assert find("before") == [uid]

    def work(unit: Any) -> None:
        run = unit.runs.lock(house.scope, uid)
        unit.runs.update(house.scope, run.id, name="after")
        for _ in range(searches):
            assert find("after") == []
            assert find("before") == [uid]

    house.write(work)
    assert find("after") == [uid]
    assert find("before") == []


def test_what_is_committed_is_found_before_its_writer_is_answered(
    house: House, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page's runs are read from the snapshot that it was found in: that shows a commit before it is told."""
    if engine == "sqlite-memory":
        pytest.skip("readers and the writer take turns")
    uid = house.run("before")
    where = [Comparison(Attribute("name"), "=", name) for name in ("before", "after")]

    def found() -> list[int]:
        pages = [house.runs.search(house.scope, [house.experiment_id], where=expr) for expr in where]
        return [len(page.items) for page in pages]

    assert found() == [1, 0]
    flights: Any = house.store.projections.flights  # type: ignore[attr-defined]
    flight, committed, answered = flights.flight, threading.Event(), threading.Event()

    @contextmanager
    def slow() -> Iterator[Any]:
        with flight() as touched:
            yield touched
            committed.set()
            answered.wait()

    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(flights, "flight", slow)
        writing = pool.submit(house.runs.update, house.scope, uid, name="after")
        committed.wait()
        try:
            assert found() == [0, 1]
            assert not writing.done()
        finally:
            answered.set()
        writing.result()
    assert found() == [0, 1]
