"""Buckets, cells and grids against the plain sums that they stand for."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.envelope import HEADER
from assay.core.points import cells
from assay.core.points.buckets import HIGHEST, LOWEST, Buckets, bucketed, coarser, concat, exponent_of, folded, shift_of
from assay.core.points.columns import from_lists
from assay.core.points.drawing import along, matched
from assay.testing.naive import Bucket, agree, buckets, point
from assay.wire.errors import Corrupt

INTEGER = st.integers(LOWEST, HIGHEST)
VALUE = st.sampled_from([0.0, -1.0, 1.0, 0.1, math.nan, math.inf, -math.inf]) | st.floats()
SERIES = st.lists(st.tuples(st.integers(0, 5_000), VALUE), min_size=1, max_size=60).map(sorted)


def rows_of(found: Buckets) -> list[Bucket]:
    """Buckets one by one."""
    columns = (found.count, found.nan, found.min, found.max, found.mean(), found.first, found.last)
    return [Bucket(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


@given(INTEGER, INTEGER, st.integers(2, 10_000))
def test_a_grid_of_integers_is_the_finest_that_fits(one: int, other: int, count: int) -> None:
    low, high = min(one, other), max(one, other)
    shift = shift_of(low, high, count)
    assert (high >> shift) - (low >> shift) < count
    assert not shift or (high >> shift - 1) - (low >> shift - 1) >= count


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(2, 10_000),
)
def test_a_grid_of_floats_fits_and_can_be_told_apart(one: float, other: float, count: int) -> None:
    low, high = min(one, other), max(one, other)
    exponent = exponent_of(low, high, count)
    first, last = (math.floor(math.ldexp(end, -exponent)) for end in (low, high))
    assert last - first < count
    assert max(abs(first), abs(last)) <= 1 << 53


@given(SERIES, st.integers(0, 13), st.integers(0, 13))
def test_buckets_are_what_lies_in_them_however_they_came_about(series: Any, fine: int, by: int) -> None:
    steps, values = zip(*series, strict=True)
    step, value = np.array(steps, np.int64), np.array(values, np.float64)
    history = [point("k", 0, at, 0, -1, one) for at, one in series]
    expected = buckets(history, lambda item: item.step >> fine)
    found = bucketed(0, 0, step >> fine, value)
    assert found.index.tolist() == [*expected]
    assert all(map(agree, rows_of(found), expected.values()))
    half = len(step) // 2
    parts = concat(
        [
            bucketed(0, place, step[cut] >> fine, value[cut])
            for place, cut in enumerate((slice(half), slice(half, None)))
        ]
    )
    again = coarser(folded(parts), by)
    rougher = buckets(history, lambda item: item.step >> fine + by)
    assert again.index.tolist() == [*rougher]
    assert all(map(agree, rows_of(again), rougher.values()))


def read(payload: bytes, shift: int, series: int = 0, place: int = 0) -> Buckets:
    """The cells of one chunk."""
    return cells.decode([payload], shift, np.array([series], np.int64), np.array([place], np.int64))


@given(st.lists(st.tuples(INTEGER, VALUE), min_size=1, max_size=40).map(sorted), st.booleans(), st.data())
def test_cells_stand_for_their_chunk_on_every_wider_grid(series: Any, single: bool, data: st.DataObject) -> None:
    steps, values = zip(*series, strict=True)
    if single:
        values = tuple(
            float(np.float32(np.clip(value, -3e38, 3e38))) if math.isfinite(value) else value for value in values
        )
    step = np.array(steps, np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells, "WORTH", 1)
        points = from_lists([1] * len(steps), steps, [0] * len(steps), values)
        shift, payload = cells.celled(points)
    assert shift is not None
    assert payload is not None
    wide = data.draw(st.integers(shift, 63))
    found = folded(read(payload, wide, 3, 7))
    direct = bucketed(3, 7, step >> wide, np.array(values))
    assert found.index.tolist() == direct.index.tolist()
    assert set(found.series.tolist()) == {3}
    assert set(found.place.tolist()) == {7}
    assert all(map(agree, rows_of(found), rows_of(direct)))
    assert len(np.unique(step >> shift)) <= cells.CELLS
    with pytest.raises(Corrupt):
        read(payload, shift - 1)


@given(st.lists(st.tuples(st.integers(1, 60), st.booleans(), st.integers(0, 1 << 40)), max_size=12))
def test_cells_of_many_chunks_are_those_of_each(chunks: list[tuple[int, bool, int]]) -> None:
    """Of different numbers of cells, widths and kinds of value, in the order in which they are given."""
    payloads = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells, "WORTH", 1)
        for count, single, first in chunks:
            values = [0.5 if single else 0.1 * number for number in range(count)]
            steps = [first + 3 * number for number in range(count)]
            payloads.append(cells.celled(from_lists([1] * count, steps, [0] * count, values))[1] or b"")
    numbers = np.arange(len(payloads), dtype=np.int64)
    together = cells.decode(payloads, 50, numbers, numbers + 100)
    alone = concat([read(payload, 50, number, number + 100) for number, payload in enumerate(payloads)])
    for field in fields(Buckets):
        assert getattr(together, field.name).tolist() == getattr(alone, field.name).tolist(), field.name


def test_damaged_cells_are_told_as_such() -> None:
    _, payload = cells.celled(from_lists([1] * 2_000, range(2_000), [0] * 2_000, [1.0] * 2_000))
    assert payload is not None
    assert len(payload) < 1_300
    for at in range(len(payload)):
        damaged = payload[:at] + bytes((payload[at] ^ 1,)) + payload[at + 1 :]
        with pytest.raises(Corrupt):
            read(damaged, 63)
    with pytest.raises(Corrupt):
        read(payload[: HEADER.size - 1], 63)
    assert cells.celled(from_lists([1] * 10, range(10), [0] * 10, [1.0] * 10)) == (None, None)


def test_a_sum_beyond_the_range_leaves_the_mean_within_the_extremes() -> None:
    found = bucketed(0, 0, np.zeros(4, np.int64), np.array([1.7e308, 1.6e308, 1.7e308, 1.7e308]))
    assert 1.6e308 <= found.mean()[0] <= 1.7e308


@given(INTEGER, INTEGER)
def test_times_from_an_origin_stay_within_their_bounds(time_us: int, origin_us: int) -> None:
    (found,) = along(np.array([time_us]), np.array([origin_us])).tolist()
    assert found == max(LOWEST, min(time_us - origin_us, HIGHEST))


ROWED = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2), st.sampled_from([-1, 0, 1]), VALUE), max_size=25)


@given(ROWED, ROWED)
def test_points_find_the_other_metric_of_their_row(mine: Any, other: Any) -> None:
    y, x = (
        from_lists(
            [1] * len(some), *zip(*[(s, t, v) for s, t, _, v in some], strict=True), row=[r for _, _, r, _ in some]
        ).normal()
        if some
        else from_lists((), (), (), ())
        for some in (mine, other)
    )
    at, found = matched(y, x)
    for number in range(len(y)):
        same = [
            value
            for step, row, value in zip(x.step.tolist(), x.row.tolist(), x.value.tolist(), strict=True)
            if (step, row) == (y.step[number], y.row[number])
        ]
        assert bool(found[number]) == bool(same and math.isfinite(same[-1]))
        if found[number]:
            assert at[number] == same[-1]


@given(SERIES, SERIES)
def test_columns_of_single_points_stay_one_and_tell_the_same(
    some: list[tuple[int, float]], more: list[tuple[int, float]]
) -> None:
    parts = [
        bucketed(number, 0, np.array([x for x, _ in rows], np.int64), np.array([value for _, value in rows]))
        for number, rows in enumerate((some, more))
    ]
    both, apart = concat(parts), [row for part in parts for row in rows_of(part)]
    for same in (both, both.take(slice(None))):
        assert len(same) == len(apart)
        assert all(map(agree, rows_of(same), apart))
    single = all(part.first is part.last for part in parts)
    assert (both.first is both.last) == single
