"""The order and identity of points, latest values, chunks and pages against a plain list."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.points import chunks, columns, pages
from assay.core.points.chunks import ChunkRange, position
from assay.core.points.columns import Points, concat, from_lists
from assay.core.points.latest import latest
from assay.testing.naive import Latest, Naive, of_columns
from assay.testing.strategies import FLOATS, points


def naive(given_points: Points) -> Naive:
    """The same points as a list."""
    model = Naive()
    model.add(of_columns(given_points))
    return model


@given(points(), points())
def test_normal_is_the_sorted_set(some: Points, others: Points) -> None:
    both = concat([some, others, some])
    assert of_columns(both.normal()) == sorted(naive(both).points)


@given(points())
def test_normal_is_its_own_normal_and_forgets_the_order_of_arrival(some: Points) -> None:
    normal = some.normal()
    assert of_columns(normal.normal()) == of_columns(normal)
    assert of_columns(some.take(slice(None, None, -1)).normal()) == of_columns(normal)


@given(points())
def test_series_part_the_points(some: Points) -> None:
    normal = some.normal()
    model = naive(some)
    found = normal.series()
    assert [(key, context) for key, context, _ in found] == sorted(model.series())
    assert all(of_columns(part) == model.history(key, context) for key, context, part in found)


@given(st.lists(points(), min_size=1, max_size=4), st.sampled_from([0, 1, 64]))
def test_parts_are_put_together_as_one_by_either_way(parts: list[Points], long_series: int) -> None:
    normal = [part.normal() for part in parts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "LONG_SERIES", long_series)
        found = columns.by_series(normal)
    expected = concat(normal).normal().series()
    assert [(key, context, of_columns(part)) for key, context, part in found] == [
        (key, context, of_columns(part)) for key, context, part in expected
    ]


@pytest.mark.parametrize("keys", [10, 1 << 15, 1 << 40], ids=["few", "many", "far apart"])
def test_keys_in_turn_are_put_together_in_their_order_of_arrival(keys: int) -> None:
    """As a run logs: a point of each key at each step. Numbers far apart are sorted another way."""
    key = [number * keys // 10 for _ in range(50) for number in (3, 9, 0, 5)]
    step = [step for step in range(50) for _ in range(4)]
    row = [0, 1] * 100
    found = from_lists(key, step, step, [0.5] * 200, row=row).normal()
    assert found.key.tolist() == sorted(key)
    assert found.step.tolist() == list(range(50)) * 4
    assert found.row.tolist() == [number for name in (0, 3, 5, 9) for number in [row[(3, 9, 0, 5).index(name)]] * 50]


@given(points())
def test_latest_is_the_greatest(some: Points) -> None:
    model = naive(some)
    found = {
        (row.key, row.context): Latest(row.value, row.step, row.time_us, row.min, row.max)
        for row in latest(some.normal())
    }
    assert found == {series: model.latest(*series) for series in model.series()}
    assert all(row.is_nan is (row.value is None) for row in latest(some.normal()))


@st.composite
def one_series(draw: st.DrawFn, max_size: int = 40) -> Points:
    """Points of one series, many of them at one position."""
    n = draw(st.integers(1, max_size))
    steps = draw(st.lists(st.integers(0, 30), min_size=n, max_size=n))
    times = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    values = draw(st.lists(FLOATS, min_size=n, max_size=n))
    return from_lists([1] * n, steps, times, values)


@pytest.fixture(scope="module", params=[1, 3, 8])
def small_chunks(request: pytest.FixtureRequest) -> int:
    """Chunks so small that a few points make many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "FULL", request.param)
        patch.setattr(chunks, "ENOUGH", (request.param + 1) // 2)
        yield request.param


@given(batches=st.lists(one_series(), min_size=1, max_size=8))
def test_chunks_never_overlap_and_hold_everything(small_chunks: int, batches: list[Points]) -> None:
    stored: list[Points] = []
    for batch in batches:
        new = batch.normal()
        ranges = [ChunkRange(position(piece, 0), position(piece, -1), len(piece)) for piece in stored]
        low, high = position(new, 0), position(new, -1)
        before = [chunk for chunk in ranges if chunk.first <= low][-1:]
        among = [chunk for chunk in ranges if low < chunk.first <= high]
        after = [chunk for chunk in ranges if chunk.first > max(low, high)][:1]
        parts = chunks.part([*before, *among, *after], new)
        assert of_columns(concat([piece for _, piece in parts])) == of_columns(new), "each point is in one part"
        for chunk, piece in parts:
            old = None if chunk is None else stored.pop(ranges.index(chunk))
            if chunk is not None:
                ranges.remove(chunk)
            made = chunks.merge(old, piece)
            at = sum(there.first < position(made[0], 0) for there in ranges)
            stored[at:at] = made
            ranges[at:at] = [ChunkRange(position(one, 0), position(one, -1), len(one)) for one in made]
        for earlier, later in pairwise(stored):
            assert position(earlier, -1) < position(later, 0)
        for piece in stored:
            at_one_place = (
                position(piece, small_chunks - 1) == position(piece, -1) if len(piece) > small_chunks else True
            )
            assert at_one_place, "a chunk is longer only for points that share a position"
    expected = Naive()
    for batch in batches:
        expected.add(of_columns(batch))
    assert of_columns(concat(stored)) == sorted(expected.points)


def test_late_points_touch_the_chunks_that_they_fall_into(small_chunks: int) -> None:
    """One early and one late point, a hundred chunks between: two are touched, and the last not even."""
    n = 100
    ranges = [ChunkRange((10 * i, 0), (10 * i + 5, 0), chunks.ENOUGH) for i in range(n)]
    new = from_lists([1] * 3, [3, 57, 10 * n], [0] * 3, [1.0] * 3).normal()
    parts = chunks.part(ranges, new)
    assert [chunk for chunk, _ in parts] == [ranges[0], ranges[5], None]
    assert [piece.step.tolist() for _, piece in parts] == [[3], [57], [10 * n]]


def test_pieces_are_equal() -> None:
    """A full chunk that gets two late points does not leave a sliver."""
    n = chunks.FULL + 2
    pieces = chunks.cut(from_lists([1] * n, range(n), [0] * n, [0.0] * n))
    assert [len(piece) for piece in pieces] == [n // 2, n // 2]


@given(one_series())
def test_a_summary_tells_what_a_plot_needs(series: Points) -> None:
    history = of_columns(series.normal())
    found = chunks.summarise(series.normal())
    real = [item.shown for item in history if not item.is_nan]
    assert found.first == (None if history[0].is_nan else history[0].shown)
    assert found.last == (None if history[-1].is_nan else history[-1].shown)
    assert (found.min, found.max) == (min(real, default=None), max(real, default=None))
    assert found.nan_count == len(history) - len(real)
    finite = [value for value in real if math.isfinite(value)]
    assert found.inf_count == len(real) - len(finite)
    if not finite:
        assert found.sum is None
    elif found.sum is not None:  # which it may be beyond the range
        assert found.sum == pytest.approx(math.fsum(finite), abs=1e-9 * sum(map(abs, finite)))


@given(points(max_size=200))
def test_pages_hold_small_series_whole_and_in_order(some: Points) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "SMALL", 4)
        patch.setattr(pages, "FULL", 10)
        small, large = pages.part(some.normal())
    model = naive(some)
    assert {(int(part.key[0]), int(part.context[0])) for part in large} == {
        series for series in model.series() if len(model.history(*series)) >= 4
    }
    assert all(0 < len(page) <= 10 for page in small)
    held = [series for page in small for series in page.series()]
    order = [(key, context) for key, context, _ in held]
    assert order == sorted(set(order))
    assert all(of_columns(part) == model.history(key, context) for key, context, part in held)
    assert sum(map(len, [*small, *large])) == len(model.points)


def once(given_points: Points) -> Points:
    """The same points with columns that are one number everywhere held once, where there are such."""
    key, context, row = (
        columns.everywhere(int(column[0]), len(column)) if len(column) and (column == column[0]).all() else column
        for column in (given_points.key, given_points.context, given_points.row)
    )
    return Points(key, context, row, given_points.step, given_points.time_us, given_points.value)


@given(points(), points(), st.data())
def test_a_number_held_once_is_as_good_as_a_column_of_it(some: Points, others: Points, data: st.DataObject) -> None:
    assert of_columns(concat([once(some), once(others)])) == of_columns(concat([some, others]))
    assert of_columns(concat([once(some), once(some)]).normal()) == of_columns(concat([some, some]).normal())
    wanted = np.array(data.draw(st.lists(st.booleans(), min_size=len(some), max_size=len(some))), np.bool_)
    for index in (wanted, np.flatnonzero(wanted), slice(len(some) // 2)):
        assert of_columns(once(some).take(index)) == of_columns(some.take(index))
