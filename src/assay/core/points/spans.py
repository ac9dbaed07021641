"""A series as spans: where its points lie and how many they are, so that a read decodes no more than it must.

Spans are in the series' canonical order, and no two points of one (step, time) lie in different ones: each span ends
before the next begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

from assay.core.points.chunks import ChunkRange, Position, part, position
from assay.core.points.columns import Ints, Points, concat
from assay.core.points.packed import Columns, Packed, points_of

HIGHEST = (1 << 63) - 1


class Place(NamedTuple):
    """Where a point lies in its series: all that its canonical order is made of."""

    step: int
    time_us: int
    row: int
    value: float


@dataclass(slots=True, eq=False)
class Span:
    """Some points of a series that lie together.

    Attributes:
        first: Where they begin.
        last: Where they end.
        count: How many they are.
        mark: What tells a stored chunk from every other that began and ended there, if it was asked for.
        payload: The chunk that holds them, once it is read.
        points: They themselves, where they lie in no chunk alone.
    """

    first: Position
    last: Position
    count: int
    mark: bytes = b""
    payload: bytes | None = None
    points: Points | None = None

    @property
    def is_read(self) -> bool:
        """Whether `columns` needs nothing more from the store."""
        return self.points is not None or self.payload is not None

    def columns(self) -> Columns:
        """The points; the span must have been read. Raises Corrupt."""
        if self.points is not None:
            return self.points
        assert self.payload is not None
        return Packed(self.payload)

    def hold(self, points: Points) -> None:
        """The span consists of these points, of which there must be some."""
        self.points, self.payload, self.count = points, None, len(points)
        self.first, self.last = position(points, 0), position(points, -1)


def lay(chunks: Sequence[Span], points: Points, read: Callable[[Span], None]) -> list[Span]:
    """The spans of a series whose points lie in chunks, and others in its tail.

    Args:
        chunks: A span for each chunk.
        points: The tail's, in canonical order.
        read: Reads a chunk that the tail's points fall into.
    """
    by_place = {span.first: span for span in chunks}
    spans = list(chunks)
    for chunk, piece in part([ChunkRange(span.first, span.last, span.count) for span in chunks], points):
        if chunk is None:
            spans.append(Span(position(piece, 0), position(piece, -1), len(piece), points=piece))
            continue
        span = by_place[chunk.first]
        read(span)
        span.hold(concat([points_of(span.columns()), piece]).normal())
    return spans


def cut(spans: Sequence[Span], low: Position | None, high_step: int | None, read: Callable[[Span], None]) -> list[Span]:
    """The spans from a place on and up to a step; `read` reads those that are cut."""
    found: list[Span] = []
    for span in spans:
        if (low is not None and span.last < low) or (high_step is not None and span.first[0] > high_step):
            continue
        if (low is not None and span.first < low) or (high_step is not None and span.last[0] > high_step):
            read(span)
            points = points_of(span.columns())
            start = 0 if low is None else before(points, low)
            end = len(points) if high_step is None else int(np.searchsorted(points.step, high_step, "right"))
            if start >= end:
                continue
            span.hold(points.take(slice(start, end)))
        found.append(span)
    return found


def following(place: Position) -> Position | None:
    """The next place after one; None after the last of all."""
    step, time_us = place
    if time_us < HIGHEST:
        return step, time_us + 1
    return (step + 1, -HIGHEST - 1) if step < HIGHEST else None


def before(points: Points, place: Position) -> int:
    """How many of a series' points lie before a step and time."""
    low, high = np.searchsorted(points.step, place[0], "left"), np.searchsorted(points.step, place[0], "right")
    return int(low + np.searchsorted(points.time_us[low:high], place[1], "left"))


def until(points: Points, place: Place) -> int:
    """How many of a series' points come no later than a place."""
    low = before(points, place[:2])
    high = int(np.searchsorted(points.step, place.step, "right"))
    near = points.take(slice(low, high))
    nan, shown = np.isnan(near.value), np.nan_to_num(near.value, nan=0.0, posinf=np.inf, neginf=-np.inf)
    mine, mine_nan = (0.0, True) if np.isnan(place.value) else (place.value, False)
    by_value = (shown < mine) | ((shown == mine) & (nan <= mine_nan))
    by_row = (near.row < place.row) | ((near.row == place.row) & by_value)
    return low + int(((near.time_us == place.time_us) & by_row).sum())


def place_of(points: Points, index: int) -> Place:
    """Where one of a series' points lies."""
    return Place(
        int(points.step[index]), int(points.time_us[index]), int(points.row[index]), float(points.value[index])
    )


def ends(spans: Sequence[Span]) -> Ints:
    """How many points the spans hold up to the end of each."""
    return np.fromiter(accumulate(span.count for span in spans), np.int64, len(spans))


def within(spans: Sequence[Span], start: int, end: int) -> list[tuple[Span, int, int]]:
    """The spans that hold the points from one number up to another, and what part of each that is."""
    found, begin = [], 0
    for span in spans:
        low, high = max(start - begin, 0), min(end - begin, span.count)
        if low < high:
            found.append((span, low, high))
        begin += span.count
        if begin >= end:
            break
    return found


def follow_in_time(spans: Sequence[Span]) -> bool:
    """Whether no span begins before the time at which the one before it ends."""
    return all(one.last[1] <= other.first[1] for one, other in pairwise(spans))


def ascends(columns: Columns) -> bool:
    """Whether times never fall along the points, which are in canonical order."""
    time_us = columns.time_us
    return bool((time_us[1:] >= time_us[:-1]).all())


def by_time(points: Points) -> Points:
    """The points by time, step and value, NaN counting as 0."""
    step, time_us = points.step, points.time_us
    if ((time_us[1:] > time_us[:-1]) | ((time_us[1:] == time_us[:-1]) & (step[1:] > step[:-1]))).all():
        return points
    shown = np.where(np.isnan(points.value), 0.0, points.value)
    return points.take(np.lexsort((shown, step, time_us)))


def evenly(total: int, count: int) -> Ints:
    """At most about `count` of `total` positions, evenly spaced, and the last one.

    They are the first of each of `count` equal parts (as SQL's NTILE cuts them), and the last position.
    """
    if total <= count:
        return np.arange(total, dtype=np.int64)
    large, rest = total % count, total // count
    sizes = np.full(count, rest, dtype=np.int64)
    sizes[:large] += 1
    firsts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    return np.unique(np.append(firsts, total - 1))
