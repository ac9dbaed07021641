"""Chunks: the compacted form of one series, cut into pieces that never overlap.

A late batch rewrites exactly the chunks whose range of (step, time) it touches. Points after the last chunk are added
to it while it is small. A chunk of `ENOUGH` points is left as it is: filling it up would write each point twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assay.core.points.columns import Points, concat

FULL = 8_192  # points
ENOUGH = 4_096


Position = tuple[int, int]  # step, time in microseconds


@dataclass(frozen=True, slots=True)
class ChunkRange:
    """Where a stored chunk lies in its series, and how many points it holds."""

    first: Position
    last: Position
    count: int


def touched(chunks: Sequence[ChunkRange], points: Points) -> list[ChunkRange]:
    """The chunks that new points of the series must be merged with: a contiguous stretch, possibly empty.

    Both are ordered by position.
    """
    low, high = position(points, 0), position(points, -1)
    hit = [i for i, chunk in enumerate(chunks) if chunk.last >= low and chunk.first <= high]
    if hit:
        return list(chunks[hit[0] : hit[-1] + 1])
    before = [chunk for chunk in chunks if chunk.last < low]
    if before and (before[-1].count < ENOUGH or len(before) < len(chunks)):
        return before[-1:]  # add to the last chunk, or fill a gap from the chunk before it
    return list(chunks[:1]) if chunks and not before else []


def position(points: Points, index: int) -> Position:
    """Where a point lies in its series."""
    return int(points.step[index]), int(points.time_us[index])


def cut(points: Points) -> list[Points]:
    """The points in pieces of `FULL`, longer only where many points share one position."""
    pieces: list[Points] = []
    same = (points.step[1:] == points.step[:-1]) & (points.time_us[1:] == points.time_us[:-1])
    at, n = 0, len(points)
    while n - at > FULL:
        end = at + FULL
        while end < n and same[end - 1]:
            end += 1
        pieces.append(points.take(slice(at, end)))
        at = end
    if at < n:
        pieces.append(points.take(slice(at, n)))
    return pieces


def merge(old: Sequence[Points], new: Points) -> list[Points]:
    """The pieces that replace the touched chunks; the new points are in canonical order."""
    return cut(concat([*old, new]).normal() if old else new)


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
