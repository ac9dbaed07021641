"""Payloads column by column, and the rules by which parts of a series are found, against plain lists."""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.envelope import HEADER
from assay.core.points import spans
from assay.core.points.columns import Points, from_lists
from assay.core.points.packed import Packed, has_rows, points_of
from assay.core.points.payload import encode
from assay.core.points.spans import Place, Span
from assay.testing.naive import of_columns
from assay.testing.strategies import points
from assay.wire.errors import Corrupt

SOME = points().filter(lambda found: len(found) > 0)
SMALL = st.integers(-2, 3)
SERIES = st.lists(st.tuples(SMALL, SMALL, st.integers(-1, 1), st.sampled_from([0.0, 1.0, -1.0, math.nan, math.inf])))


def series(rows: list[tuple[int, int, int, float]]) -> Points:
    """Points of one key in canonical order."""
    steps, times, of_rows, values = zip(*rows, strict=True) if rows else ((), (), (), ())
    return from_lists([1] * len(rows), steps, times, values, row=np.array(of_rows, np.int64)).normal()


@given(SOME)
def test_columns_are_those_of_the_whole(given_points: Points) -> None:
    packed = Packed(encode(given_points))
    assert len(packed) == len(given_points)
    for name in ("step", "time_us", "row", "value"):
        assert getattr(packed, name).tobytes() == getattr(given_points, name).tobytes()
    assert of_columns(points_of(packed)) == of_columns(given_points)
    assert has_rows(packed) == has_rows(given_points) == any(row != -1 for row in given_points.row.tolist())


@given(SOME, st.data())
def test_damage_is_told_when_it_is_opened(given_points: Points, data: st.DataObject) -> None:
    payload = bytearray(encode(given_points))
    payload[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Corrupt):
        Packed(bytes(payload))


@given(st.binary(max_size=200))
def test_what_is_sealed_and_no_body_is_refused(body: bytes) -> None:
    """A checksum that is right does not make a body of anything."""
    with pytest.raises(Corrupt):
        Packed(HEADER.pack(1, 0, zlib.crc32(body), len(body)) + body)


@given(SERIES, st.tuples(SMALL, SMALL, st.integers(-2, 2), st.sampled_from([0.0, 1.0, -1.0, math.nan, -math.inf])))
def test_how_many_come_before_a_place(
    rows: list[tuple[int, int, int, float]], where: tuple[int, int, int, float]
) -> None:
    found, place = series(rows), Place(*where)

    def order(step: int, time_us: int, row: int, value: float) -> tuple[Any, ...]:
        return step, time_us, row, 0.0 if math.isnan(value) else value, math.isnan(value)

    items = list(
        zip(found.step.tolist(), found.time_us.tolist(), found.row.tolist(), found.value.tolist(), strict=True)
    )
    assert spans.before(found, place[:2]) == sum(item[:2] < place[:2] for item in items)
    assert spans.until(found, place) == sum(order(*item) <= order(*place) for item in items)


@given(SERIES)
def test_the_order_of_time(rows: list[tuple[int, int, int, float]]) -> None:
    found = series(rows)
    wanted = sorted(of_columns(found), key=lambda item: (item.time_us, item.step, item.shown, item.row, item.is_nan))
    assert of_columns(spans.by_time(found)) == wanted
    assert spans.ascends(found) == (found.time_us.tolist() == sorted(found.time_us.tolist()))


@given(st.integers(0, 300), st.integers(1, 40))
def test_even_samples_are_the_first_of_equal_parts(total: int, count: int) -> None:
    parts = np.array_split(np.arange(total), count)  # the longer parts first, as NTILE has them
    wanted = sorted({*(int(part[0]) for part in parts if len(part)), *([total - 1] if total else [])})
    assert spans.evenly(total, count).tolist() == wanted


@given(st.lists(st.integers(1, 5), max_size=8), st.integers(0, 45), st.integers(0, 45))
def test_parts_of_spans(counts: list[int], start: int, end: int) -> None:
    laid = [Span((0, 0), (0, 0), count) for count in counts]
    numbers = [(number, at) for number, count in enumerate(counts) for at in range(count)][start:end]
    found = [(laid.index(span), at) for span, low, high in spans.within(laid, start, end) for at in range(low, high)]
    assert found == numbers
    assert spans.ends(laid).tolist() == np.cumsum(counts, dtype=np.int64).tolist()


def test_the_place_after_the_last_is_none() -> None:
    most, least = (1 << 63) - 1, -(1 << 63)
    assert spans.following((3, 4)) == (3, 5)
    assert spans.following((3, most)) == (4, least)
    assert spans.following((most, most)) is None
