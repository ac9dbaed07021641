"""Pages, histories in the order of time and samples against a plain list, whatever became of the points meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from contract.test_points_model import CONTEXTS, OPERATION, Twin, play, tiny
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.length import length

from assay.core.points.spans import Place, place_of
from assay.services import history, timed
from assay.stores import histories
from assay.testing import inside
from assay.testing.house import House
from assay.testing.naive import Point, of_columns
from assay.wire.errors import InvalidInput, Unavailable

__all__ = ["tiny"]  # the fixture


def plain(points: Sequence[Point]) -> list[tuple[Any, ...]]:
    """Without the numbers of key and context, which are the store's."""
    return [item[2:] for item in points]


def evenly(points: Sequence[Point], count: int) -> list[Point]:
    """The sampling rule, point by point."""
    total = len(points)
    if total <= count:
        return list(points)
    sizes = [total // count + (part < total % count) for part in range(count)]
    firsts = [sum(sizes[:part]) for part in range(count)]
    chosen = sorted({*firsts, total - 1})
    if len(chosen) > count:
        del chosen[-2]
    return [points[at] for at in chosen]


class Reader(Twin):
    """A twin that is read in all ways."""

    def check(self) -> None:
        """Every way says what the list says."""
        super().check()
        for key in "abc":
            for number, context in enumerate(CONTEXTS):
                self.check_pages(key, context, self.model.history(key, number))
            self.check_time(key, self.model.history(key, 0))
            self.check_samples(key, self.model.history(key, 0))

    def check_pages(self, key: str, context: dict[str, str] | None, known: list[Point]) -> None:
        """Pages of any size, whole and between steps."""
        whole = 1 if len(known) < 12 else 17  # a page is several statements
        for limit, after_step, until_step in ((whole, None, None), (3, -1, 4), (4, None, 2), (100, 2, None)):
            wanted = [
                item
                for item in known
                if (after_step is None or item.step > after_step) and (until_step is None or item.step <= until_step)
            ]
            found: list[Point] = []
            after: Place | None = None
            while True:
                part = self.house.history.page(
                    *(self.house.scope, self.uid, key),
                    context=context,
                    after=after,
                    after_step=after_step,
                    until_step=until_step,
                    limit=limit,
                )
                points = part.points()
                assert len(part) == len(points) <= limit
                found += of_columns(points)
                if not part.more:
                    break
                assert len(points) == limit
                after = place_of(points, -1)
            assert plain(found) == plain(wanted)

    def check_time(self, key: str, known: list[Point]) -> None:
        """In the order of time, page by page and whole."""
        wanted = sorted(known, key=lambda item: (item.time_us, item.step, item.shown, item.row, item.is_nan))
        wanted = [item._replace(row=0) for item in wanted]  # rows are not told
        for start, limit in ((0, None), (0, 2), (1, 5), (4, None), (3, 100), (1_000, 3)):
            timed = self.house.history.in_time(self.house.scope, self.uid, key, start, limit)
            found = [item for points in timed.pieces for item in of_columns(points)]
            end = len(known) if limit is None else start + limit
            assert plain(found) == plain(wanted[start:end])
            assert (timed.count, timed.more) == (len(found), end < len(known))

    def check_samples(self, key: str, known: list[Point]) -> None:
        """Evenly spaced, with the last one."""
        for count, low, high in ((1, None, None), (3, None, None), (4, 0, 3), (50, -1, 9)):
            wanted = [item for item in known if low is None or high is None or low <= item.step <= high]
            points = self.house.history.sampled(self.house.scope, self.uid, key, count, low_step=low, high_step=high)
            assert plain(of_columns(points)) == plain(evenly(wanted, count))


@pytest.fixture(scope="module")
def short() -> Iterator[None]:
    """So few chunks and points at once that a few of them need several turns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(histories, "HEADS", 2)
        patch.setattr(histories, "PAYLOADS", 2)
        patch.setattr(history, "SLICE", 4)
        patch.setattr(history, "CHUNKS_AT_ONCE", 2)
        patch.setattr(timed, "AT_ONCE", 2)
        patch.setattr(timed, "KNOWN_BOUND", 20)
        yield


def test_any_read_is_that_of_a_list(store: Any, tiny: None, short: None, examples: int) -> None:
    house = House(store)

    @settings(max_examples=examples // 2, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(st.lists(OPERATION, max_size=10))
    def run(operations: list[tuple[str, int, Any]]) -> None:
        play(house, operations, Reader)

    run()


def test_long_histories_of_many_chunks_are_read_so(store: Any, tiny: None, short: None) -> None:
    """Chunk by chunk, with a late point here and there, and times that fall here and there."""
    house = House(store)
    rng = np.random.default_rng(7)
    for falling in (0.0, 0.02, 1.0):
        twin = Reader(house, house.run())
        for begin in range(0, length(120, 600), 6):
            steps = np.arange(begin, begin + 6)
            late = rng.random(6) < 0.05
            steps[late] = rng.integers(0, begin + 1, int(late.sum()))
            times = steps * 10 - 500 * (rng.random(6) < falling) * rng.random(6)
            twin.send(
                [
                    ("a", 0, int(step), int(time_us), -1, float(value))
                    for step, time_us, value in zip(steps, times, rng.standard_normal(6), strict=True)
                ]
            )
        twin.check()


def test_only_chunks_that_hold_what_is_asked_for_are_read(
    store: Any, tiny: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(store)
    uid, n = house.run(), 400
    for begin in range(0, n, 5):
        house.log(uid, "loss", [0.5] * 5, range(begin, begin + 5))
    house.history.in_time(house.scope, uid, "loss")
    read: list[int] = []
    whole = histories.Outline.read

    def counted(self: histories.Outline, spans: Any) -> None:
        read.extend(span.count for span in spans if not span.is_read)
        whole(self, spans)

    monkeypatch.setattr(histories.Outline, "read", counted)
    page = house.history.page(house.scope, uid, "loss", after=Place(200, 200, -1, 0.5), limit=10)
    assert page.points().step.tolist() == list(range(201, 211))
    assert sum(read) < 30, "a page reads what lies before or behind it"
    read.clear()
    found = house.history.in_time(house.scope, uid, "loss", 300, 10)
    assert [step for points in found.pieces for step in points.step.tolist()] == list(range(300, 310))
    assert sum(read) < 30, "a page in the order of time reads the others"
    read.clear()
    assert house.history.sampled(house.scope, uid, "loss", 4).step.tolist() == [0, 100, 200, n - 1]
    assert sum(read) < 60, "a sample reads chunks that hold none of it"


def test_a_snapshot_is_not_held_for_long(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(store)
    uid = house.run()
    house.log(uid, "loss", [0.5] * 1_000)
    inside.settle(store)
    monkeypatch.setattr(histories, "SNAPSHOT_S", -1.0)
    reads: list[Callable[[], Any]] = [
        lambda: house.history.page(house.scope, uid, "loss", limit=10),
        lambda: house.history.in_time(house.scope, uid, "loss"),
        lambda: house.history.sampled(house.scope, uid, "loss", 10),
        lambda: house.history.history(house.scope, uid, "loss"),
    ]
    for read in reads:
        with pytest.raises(Unavailable, match="took longer") as refused:
            read()
        assert refused.value.remedy


def test_what_is_too_much_at_once_is_refused(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(store)
    rising, falling = house.run(), house.run()
    house.log(rising, "loss", [0.5] * 30)
    house.log(falling, "loss", [0.5] * 30, range(30), range(30, 0, -1))
    monkeypatch.setattr(history, "TIMED_BOUND", 20)
    with pytest.raises(InvalidInput) as refused:
        house.history.in_time(house.scope, rising, "loss")
    assert (refused.value.field, refused.value.bound) == ("max_results", 20)
    assert house.history.in_time(house.scope, rising, "loss", 10).count == 20
    page = house.history.in_time(house.scope, rising, "loss", 0, 25)
    assert (page.count, page.more) == (20, True)
    with pytest.raises(InvalidInput, match="30 points"):
        house.history.in_time(house.scope, falling, "loss", 0, 5)
