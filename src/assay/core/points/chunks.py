"""Chunks: the compacted form of one series, cut into pieces that never overlap.

A late point rewrites the one chunk that it falls into, or that stands before its gap. Points after the last chunk are
added to it while it is small. A chunk of `ENOUGH` points is left as it is: filling it up would write each point twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from assay.core.points.columns import Points, concat, starts_of

FULL = 8_192  # points
ENOUGH = 4_096


Position = tuple[int, int]  # step, time in microseconds


@dataclass(frozen=True, slots=True)
class ChunkRange:
    """Where a stored chunk lies in its series, and how many points it holds."""

    first: Position
    last: Position
    count: int


def part(chunks: Sequence[ChunkRange], points: Points) -> list[tuple[ChunkRange | None, Points]]:
    """The new points in pieces, each with the chunk that it must be merged with; None for what begins a new chunk.

    Both are in order, the points in their canonical one. Of the series' chunks those are needed among which the points
    lie, and the one on either side.
    """
    place = np.zeros(len(points), np.int64)
    for later in chunks[1:]:
        place[_until(points, later.first, included=False) :] += 1
    pieces: list[tuple[ChunkRange | None, Points]] = []
    for start, end in pairwise([*starts_of(place).tolist(), len(points)]):
        piece = points.take(slice(start, end))
        chunk = chunks[int(place[start])] if chunks else None
        if chunk is not None and chunk is chunks[-1] and chunk.count >= ENOUGH:
            inside = _until(piece, chunk.last, included=True)
            pieces += [(chunk, piece.take(slice(0, inside))), (None, piece.take(slice(inside, None)))]
        else:
            pieces.append((chunk, piece))
    return [(chunk, piece) for chunk, piece in pieces if len(piece)]


def _until(points: Points, place: Position, *, included: bool) -> int:
    """How many points lie before a place, or there too."""
    step, time_us = points.step, points.time_us
    low, high = np.searchsorted(step, place[0], "left"), np.searchsorted(step, place[0], "right")
    return int(low + np.searchsorted(time_us[low:high], place[1], "right" if included else "left"))


def position(points: Points, index: int) -> Position:
    """Where a point lies in its series."""
    return int(points.step[index]), int(points.time_us[index])


def cut(points: Points) -> list[Points]:
    """The points in equal pieces of at most `FULL`, longer only where many points share one position."""
    n = len(points)
    same = (points.step[1:] == points.step[:-1]) & (points.time_us[1:] == points.time_us[:-1])
    parts = -(-n // FULL)
    pieces: list[Points] = []
    at = 0
    for number in range(1, parts + 1):
        end = n * number // parts
        while 0 < end < n and same[end - 1]:
            end += 1
        if end > at:
            pieces.append(points.take(slice(at, end)))
            at = end
    return pieces


def merge(old: Points | None, new: Points) -> list[Points]:
    """The pieces that replace a chunk, or begin new ones; the new points are in canonical order."""
    return cut(new if old is None else concat([old, new]).normal())


@dataclass(frozen=True, slots=True)
class Summary:
    """What a zoomed-out plot needs of a chunk; None where the value is NaN, or where there is none."""

    first: float | None
    last: float | None
    min: float | None
    max: float | None
    sum: float | None
    nan_count: int
    inf_count: int


def summarise(points: Points) -> Summary:
    """The summary of a piece of one series; min and max are over what is not NaN, the sum over what is finite."""
    values = points.value
    nan = np.isnan(values)
    real = values[~nan]
    finite = real[np.isfinite(real)]
    with np.errstate(over="ignore"):  # a sum beyond the range is no number, and that is an answer
        total = float(finite.sum())
    return Summary(
        None if nan[0] else float(values[0]),
        None if nan[-1] else float(values[-1]),
        float(real.min()) if len(real) else None,
        float(real.max()) if len(real) else None,
        total if len(finite) and np.isfinite(total) else None,
        int(nan.sum()),
        len(real) - len(finite),
    )
