"""Who was answered finds what he wrote, whoever else writes and searches, and a page shows one moment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
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
