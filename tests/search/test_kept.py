"""What runs own is read once while they rest, and never shown when it is no more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assay.core.tracking import Logged, OwnedByRun, Run
from assay.stores import kept as keeping
from assay.stores.kept import ITEM_BYTES, Kept
from assay.stores.owned import OwnedStore
from assay.stores.projection.marks import Flights
from assay.testing.house import House

NOW_US = 1_000_000_000


def runs_of(house: House, count: int) -> list[Run]:
    """So many runs."""
    return [house.head(house.run(f"run {number}")) for number in range(count)]


def owned(text: str = "text") -> OwnedByRun:
    """A param, a tag and no metric."""
    return OwnedByRun({"p": text}, {"t": "tag"}, [], [])


@pytest.fixture
def some(house: House) -> list[Run]:
    return [replace(run, updated_us=100) for run in runs_of(house, 3)]


def test_what_is_looked_at_again_is_not_read_again(store: Any, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    uid = house.run("seen")
    house.note(uid, {"lr": "0.1"}, {"team": "risk"})
    before = house.runs.get(house.scope, uid)

    def unread(*_: Any) -> Any:
        raise AssertionError("it is read again")

    with monkeypatch.context() as patched:
        patched.setattr(OwnedStore, "params", unread)
        assert house.runs.get(house.scope, uid) == before
        house.note(uid, tags={"team": "fraud"})
        with pytest.raises(AssertionError, match="read again"):
            house.runs.get(house.scope, uid)
    assert house.runs.get(house.scope, uid).tags["team"] == "fraud"


def test_a_run_that_is_logged_to_is_read(store: Any, house: House) -> None:
    """A batch in its tail changes its last values, and not its row."""
    uid = house.run("live")
    for value in (1.0, 2.0, 3.0):
        house.runs.log(house.scope, Logged(uid, ["loss"], [value], [0], [int(value)])).result()
        assert [item.value for item in house.runs.get(house.scope, uid).metrics] == [value]


def test_a_snapshot_older_than_a_change_leaves_nothing(store: Any, house: House) -> None:
    """Who began to read before somebody wrote does not keep for others what he finds."""
    if getattr(store, "_memory", False):
        pytest.skip("in memory, who reads keeps others from writing")
    uid = house.run("raced")
    house.note(uid, tags={"v": "1"})
    with store.read() as unit:
        run = unit.runs.get(house.scope, uid)
        house.note(uid, tags={"v": "2"})
        unit.owned.of_runs([run])
    with store.read() as unit:  # also where both changes came within one tick of the clock, so that the row is the same
        assert unit.owned.of_runs([run])[run.id].tags["v"] == "2"


def test_it_is_held_by_the_time_of_change(some: list[Run]) -> None:
    kept, run = Kept(Flights()), some[0]
    kept.put(kept.opened().since, NOW_US, [run], {run.id: owned()})
    assert kept.get([run]) == {run.id: owned()}
    assert kept.get([replace(run, updated_us=101)]) == {}
    assert kept.get(some[1:]) == {}


def test_a_run_that_has_just_changed_is_not_held(some: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    """Two changes within a tick of the clock have one time."""
    monkeypatch.setattr(keeping, "REST_US", 1_000)
    kept, run = Kept(Flights()), some[0]
    kept.put(0, run.updated_us + 999, [run], {run.id: owned()})
    assert kept.get([run]) == {}
    kept.put(0, run.updated_us + 1_000, [run], {run.id: owned()})
    assert kept.get([run]) == {run.id: owned()}


@pytest.mark.parametrize("what", ["heads", "points"])
def test_a_change_is_told(some: list[Run], what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    flights = Flights()
    kept, (run, other, _) = Kept(flights), some
    began = kept.opened()
    kept.put(began.since, NOW_US, [run, other], {run.id: owned(), other.id: owned()})
    with flights.flight() as touched:
        getattr(touched, what).add(run.id)
        assert kept.get([run]) == {run.id: owned()}, "nothing is told before the end"
    assert kept.get([run, other]) == {other.id: owned()}
    kept.put(began.since, NOW_US, [run], {run.id: owned("of before")})
    assert kept.get([run]) == {}
    monkeypatch.setattr(keeping, "REMEMBERED", 1)
    with flights.flight() as touched:
        touched.heads.update({1, 2, 3})  # so many that who changed before is forgotten
    kept.put(began.since, NOW_US, [other], {other.id: owned()})
    assert kept.get([other]) == {other.id: owned()}, "it was held, and has not changed"
    kept.put(began.since, NOW_US, [some[2]], {some[2].id: owned()})
    assert kept.get([some[2]]) == {}, "nobody knows whether it has changed"
    kept.put(kept.opened().since, NOW_US, [run], {run.id: owned("new")})
    assert kept.get([run]) == {run.id: owned("new")}


def test_memory_has_a_bound_and_what_was_not_asked_for_longest_goes(some: list[Run]) -> None:
    kept = Kept(Flights(), most_bytes=2 * (3 * ITEM_BYTES + 20))
    for run in some[:2]:
        kept.put(0, NOW_US, [run], {run.id: owned()})
    assert len(kept.get(some[:1])) == 1
    kept.put(0, NOW_US, some[2:], {some[2].id: owned()})
    assert set(kept.get(some)) == {some[0].id, some[2].id}
    assert kept.bytes() == 2 * (3 * ITEM_BYTES + 7)
    kept.put(0, NOW_US, some[1:2], {some[1].id: owned("x" * keeping.MOST_OF_RUN)})
    assert some[1].id not in kept.get(some)


def test_what_nobody_asks_for_is_given_back(some: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(Flights())
    kept.put(0, NOW_US, some, {run.id: owned() for run in some})
    kept.give_back()
    assert len(kept.get(some)) == 3
    monkeypatch.setattr(keeping, "IDLE_S", -1.0)
    kept.give_back()
    assert kept.get(some) == {}
    assert kept.bytes() == 0
