"""Buckets: a series as a plot sees it, with nothing hidden: each has its count, extremes, mean, first and last value.

A bucket is `2**shift` units of the x-axis wide and begins at a multiple of that. So all buckets of one shift lie on one
grid whatever window is looked at, they stand still while a run grows, and two of them make exactly one of the next
shift: what is summarised finely need not be read again to be summarised more roughly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.core.points.columns import Floats, Ints, starts_of

LOWEST, HIGHEST = -(1 << 63), (1 << 63) - 1
ROUGHEST = 63  # the shift that leaves two buckets of all integers
DIGITS = 53  # bits of a float64's fraction: buckets that are finer than that cannot be told apart


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """`n` buckets, or parts of them, as columns of shape (n,).

    Attributes:
        series: int64, which series the bucket belongs to.
        place: int64, orders the parts of one bucket as their points follow each other in the series.
        index: int64, where it begins on the x-axis, in buckets.
        count: int64, its points, those that are NaN among them.
        nan: int64, how many are NaN.
        min: float64, over what is not NaN, as the next; NaN where nothing is.
        max: float64.
        total: float64, the sum of the finite ones.
        first: float64, the value of its first point in the order of the series (step, time, row, value).
        last: float64, that of its last.
    """

    series: Ints
    place: Ints
    index: Ints
    count: Ints
    nan: Ints
    min: Floats
    max: Floats
    total: Floats
    first: Floats
    last: Floats

    def __len__(self) -> int:
        return len(self.index)

    def take(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.int64] | slice) -> Buckets:
        """These of them. Columns that are one stay one."""
        columns = [getattr(self, field.name) for field in fields(self)]
        found = {id(column): column[rows] for column in columns}
        return Buckets(*(found[id(column)] for column in columns))

    def mean(self) -> Floats:
        """float64, over what is not NaN; NaN where nothing is, or where both infinities are.

        A sum beyond the range of float64 is held within the bucket's own extremes.
        """
        if self.total is self.min and self.total is self.max:  # of single points, as `bucketed` makes them
            return self.total
        with np.errstate(invalid="ignore", divide="ignore"):
            finite = self.total / np.maximum(self.count - self.nan, 1)
            mean = np.clip(finite, self.min, self.max)
            mean = np.where(self.max == np.inf, np.inf, mean)
            return np.where(self.min == -np.inf, np.where(self.max == np.inf, np.nan, -np.inf), mean)


def concat(parts: Sequence[Buckets]) -> Buckets:
    """All of them, in their order. Columns that are one in every part stay one."""
    if len(parts) == 1:
        return parts[0]
    ints, floats = np.zeros(0, np.int64), np.zeros(0, np.float64)
    if not parts:
        return Buckets(ints, ints, ints, ints, ints, floats, floats, floats, floats, floats)
    made: dict[tuple[int, ...], npt.NDArray[Any]] = {}
    columns = []
    for field in fields(Buckets):
        pieces = [getattr(part, field.name) for part in parts]
        same = tuple(map(id, pieces))
        if same not in made:
            made[same] = np.concatenate(pieces)
        columns.append(made[same])
    return Buckets(*columns)


def bucketed(series: Ints | int, place: Ints | int, index: Ints, value: Floats) -> Buckets:
    """The points, each a row of these columns, in buckets.

    Args:
        series: int64 (n,), or one for all.
        place: int64 (n,), or one for all.
        index: int64 (n,), the bucket of each point. Points of one bucket stand together, in the order of the series.
        value: float64 (n,).
    """
    if not len(value):
        return concat([])
    starts = starts_of(*(column for column in (index, series, place) if not isinstance(column, int)))
    of_series, at_place = (
        np.full(len(starts), column, np.int64) if isinstance(column, int) else column[starts]
        for column in (series, place)
    )
    return reduced(starts, of_series, at_place, index[starts], value)


def reduced(starts: Ints, series: Ints, place: Ints, index: Ints, value: Floats) -> Buckets:
    """The buckets that begin at these positions of a column of values, each of which has one at least.

    Args:
        starts: int64 (n,), ascending from 0.
        series: int64 (n,), as of `Buckets`; so are the next.
        place: int64 (n,).
        index: int64 (n,).
        value: float64 (m,), bucket after bucket.
    """
    if len(starts) == len(value):  # as along the steps of a run that has just begun
        finite = np.isfinite(value)
        nan, total = np.isnan(value).astype(np.int64), value if finite.all() else np.where(finite, value, 0.0)
        return Buckets(series, place, index, np.ones(len(value), np.int64), nan, value, value, total, value, value)
    ends = np.append(starts[1:], len(value)) - 1
    nan = np.zeros(len(starts), np.int64)
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.add.reduceat(value, starts)
        if np.isfinite(total).all():  # then no value is NaN or infinite, and what follows is quicker
            low, high = np.minimum.reduceat(value, starts), np.maximum.reduceat(value, starts)
        else:
            low, high = np.fmin.reduceat(value, starts), np.fmax.reduceat(value, starts)
            nan = np.add.reduceat(np.isnan(value).astype(np.int64), starts)
            total = np.add.reduceat(np.where(np.isfinite(value), value, 0.0), starts)
    return Buckets(series, place, index, ends - starts + 1, nan, low, high, total, value[starts], value[ends])


def folded(parts: Buckets) -> Buckets:
    """Parts of one bucket made one, ordered by series and index."""
    if len(parts) < 2:
        return parts
    same_series = parts.series[1:] == parts.series[:-1]
    same_index = same_series & (parts.index[1:] == parts.index[:-1])
    ordered = (
        (parts.series[1:] > parts.series[:-1])
        | (same_series & (parts.index[1:] > parts.index[:-1]))
        | (same_index & (parts.place[1:] >= parts.place[:-1]))
    )
    if not ordered.all():
        parts = parts.take(_order(parts))
    starts = starts_of(parts.series, parts.index)
    if len(starts) == len(parts):
        return parts
    ends = np.append(starts[1:], len(parts)) - 1
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.add.reduceat(parts.total, starts)
    return Buckets(
        parts.series[starts],
        parts.place[starts],
        parts.index[starts],
        np.add.reduceat(parts.count, starts),
        np.add.reduceat(parts.nan, starts),
        np.fmin.reduceat(parts.min, starts),
        np.fmax.reduceat(parts.max, starts),
        total,
        parts.first[starts],
        parts.last[ends],
    )


def _order(parts: Buckets) -> npt.NDArray[np.int64]:
    """Positions by series, index and place. In one number, if they fit, runs in order are merged, not sorted again."""
    series, index, place = parts.series, parts.index, parts.place
    low, spread, places = int(index.min()), int(index.max()) - int(index.min()) + 1, int(place.max()) + 1
    if (int(series.max()) + 1) * spread * places <= HIGHEST:
        return np.argsort((series * spread + (index - low)) * places + place, kind="stable")
    return np.lexsort((place, index, series))


def coarser(buckets: Buckets, by: int) -> Buckets:
    """The same points in buckets `2**by` times as wide."""
    if not by:
        return buckets
    index = buckets.index >> min(by, ROUGHEST)
    columns = {field.name: getattr(buckets, field.name) for field in fields(buckets)}
    return folded(Buckets(**{**columns, "index": index}))


def shift_of(low: int, high: int, count: int) -> int:
    """The smallest shift by which the integers from low to high lie in at most `count` buckets; count is at least 2."""
    shift = max((high - low) // count, 1).bit_length() - 1
    while (high >> shift) - (low >> shift) >= count:
        shift += 1
    return shift


def exponent_of(low: float, high: float, count: int) -> int:
    """The same for finite floats: buckets are `2**exponent` wide, which may be less than 1."""
    _, size = math.frexp(max(abs(low), abs(high)))
    _, width = math.frexp(high / count - low / count)
    exponent = max(width - 1, size - DIGITS, -1_074)
    while math.floor(math.ldexp(high, -exponent)) - math.floor(math.ldexp(low, -exponent)) >= count:
        exponent += 1
    return exponent
