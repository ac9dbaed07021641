"""Points as six parallel columns, with the one canonical order and identity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NO_ROW = -1
NO_CONTEXT = 0
LONG_SERIES = 64  # points of a series that are worth arrays of their own
MIXED = 16  # points a change of key below which the sort that finds runs finds none


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """`n` points: int64 columns key, context, row, step, time_us and a float64 column value, each of shape (n,).

    Two points are the same when all six agree; every NaN is one NaN and -0.0 is 0.0. A column that is one number
    everywhere may hold it once (`everywhere`); nobody writes into a column.
    """

    key: Ints
    context: Ints
    row: Ints
    step: Ints
    time_us: Ints
    value: Floats

    def __len__(self) -> int:
        return len(self.value)

    def take(self, index: npt.NDArray[Any] | slice) -> Points:
        """The points at these positions."""
        return Points(
            taken(self.key, index),
            taken(self.context, index),
            taken(self.row, index),
            self.step[index],
            self.time_us[index],
            self.value[index],
        )

    def normal(self) -> Points:
        """The points in canonical order (key, context, step, time, row, value), identical ones once.

        NaN orders as 0, after it.
        """
        points = self._sorted()
        if len(points) < 2:
            return points
        step, time_us, row = points.step, points.time_us, points.row
        near = (step[1:] == step[:-1]) & (time_us[1:] == time_us[:-1]) & (row[1:] == row[:-1])
        if not near.any():
            return points
        bits = np.where(np.isnan(points.value), np.nan, points.value + 0.0).view(np.int64)
        same = (
            near
            & (bits[1:] == bits[:-1])
            & (points.context[1:] == points.context[:-1])
            & (points.key[1:] == points.key[:-1])
        )
        return points.take(np.concatenate(([True], ~same))) if same.any() else points

    def _sorted(self) -> Points:
        """Most batches need no more than their series put together, in the order in which they were logged."""
        if len(self) < 2:
            return self
        key, context = self.key, self.context
        changed = (key[1:] != key[:-1]) | (context[1:] != context[:-1])
        changes = np.count_nonzero(changed)
        falls = (key[1:] < key[:-1]) | ((key[1:] == key[:-1]) & (context[1:] < context[:-1])) if changes else changed
        if not falls.any():
            points = self
        elif not (context != context[0]).any():
            points = self._permuted(order_by(key, int(changes)))
        else:
            points = self.take(np.lexsort((context, key)))
        new = (points.key[1:] != points.key[:-1]) | (points.context[1:] != points.context[:-1])
        step, time_us = points.step, points.time_us
        if (new | (step[1:] > step[:-1]) | ((step[1:] == step[:-1]) & (time_us[1:] > time_us[:-1]))).all():
            return points
        nan = np.isnan(self.value)
        shown = np.where(nan, 0.0, self.value)
        return self.take(np.lexsort((nan, shown, self.row, self.time_us, self.step, self.context, self.key)))

    def _permuted(self, order: npt.NDArray[Any]) -> Points:
        """The points in this order; context and row are mostly the same everywhere, and then no matter."""
        return Points(
            self.key[order],
            self.context,
            self.row if not (self.row != self.row[0]).any() else self.row[order],
            self.step[order],
            self.time_us[order],
            self.value[order],
        )

    def series(self) -> list[tuple[int, int, Points]]:
        """The points of each (key, context), in key order; the points must be in canonical order."""
        if not len(self):
            return []
        edges = [*starts_of(self.key, self.context).tolist(), len(self)]
        return [(int(self.key[a]), int(self.context[a]), self.take(slice(a, b))) for a, b in pairwise(edges)]


def order_by(key: Ints, changes: int) -> npt.NDArray[Any]:
    """The positions by key, stable. Numbers of 16 bits are sorted by counting, at a third of the cost.

    Args:
        key: int64 (n,), n at least 1.
        changes: How many keys differ from the one before; few of them are put in order as the runs that they are.
    """
    low, high = int(key.min()), int(key.max())
    if changes * MIXED > len(key) and high - low < 1 << 16:
        return np.argsort((key - low).astype(np.uint16), kind="stable")
    return np.argsort(key, kind="stable")


def by_series(parts: Sequence[Points]) -> list[tuple[int, int, Points]]:
    """`series` of all parts' points in canonical order; each part must be in it already.

    Long series are put together one by one, in arrays that fit the processor's caches.
    """
    if len(parts) == 1:
        return parts[0].series()
    n = sum(map(len, parts))
    count = sum(
        np.count_nonzero(p.key[1:] != p.key[:-1]) + np.count_nonzero(p.context[1:] != p.context[:-1]) for p in parts
    )
    if (count + len(parts)) * LONG_SERIES > n:
        return concat(parts).normal().series()
    found: dict[tuple[int, int], list[Points]] = {}
    for part in parts:
        for key, context, points in part.series():
            found.setdefault((key, context), []).append(points)
    return [(*name, concat(found[name]).normal()) for name in sorted(found)]


def from_lists(
    key: Sequence[int] | Ints,
    step: Sequence[int] | Ints,
    time_us: Sequence[int] | Ints,
    value: Sequence[float] | Floats,
    context: Sequence[int] | int = NO_CONTEXT,
    row: Sequence[int] | Ints | int = NO_ROW,
) -> Points:
    """Points from plain lists, or from arrays, which are not copied; `context` and `row` may be one number for all."""
    n = len(value)
    if n == 1 and isinstance(context, int) and isinstance(row, int):
        return one(int(key[0]), context, row, int(step[0]), int(time_us[0]), float(value[0]))
    return Points(
        np.asarray(key, np.int64),
        np.full(n, context, np.int64) if isinstance(context, int) else np.asarray(context, np.int64),
        np.full(n, row, np.int64) if isinstance(row, int) else np.asarray(row, np.int64),
        np.asarray(step, np.int64),
        np.asarray(time_us, np.int64),
        np.asarray(value, np.float64),
    )


def one(key: int, context: int, row: int, step: int, time_us: int, value: float) -> Points:
    """A single point: what most calls bring."""
    ints = np.array((key, context, row, step, time_us), np.int64)
    return Points(ints[0:1], ints[1:2], ints[2:3], ints[3:4], ints[4:5], np.array((value,), np.float64))


def empty() -> Points:
    """No points."""
    return from_lists((), (), (), ())


def concat(parts: Sequence[Points]) -> Points:
    """All points of the parts, in their order."""
    if not parts:
        return empty()
    if len(parts) == 1:
        return parts[0]
    return Points(
        _end_to_end([p.key for p in parts]),
        _end_to_end([p.context for p in parts]),
        _end_to_end([p.row for p in parts]),
        np.concatenate([p.step for p in parts]),
        np.concatenate([p.time_us for p in parts]),
        np.concatenate([p.value for p in parts]),
    )


def everywhere(number: int, n: int) -> Ints:
    """A column of n times this number, which holds it once."""
    return np.broadcast_to(np.array(number, np.int64), n)


def starts_of(*columns: Ints) -> Ints:
    """0, and where any of the columns, which are of one length, differs from what stands before it."""
    changed = columns[0][1:] != columns[0][:-1]
    for column in columns[1:]:
        if column.strides != (0,):
            changed |= column[1:] != column[:-1]
    return np.concatenate(([0], np.flatnonzero(changed) + 1))


def taken(column: Ints, index: npt.NDArray[Any] | slice) -> Ints:
    """The numbers at these positions; of a column that holds one number once, another such column."""
    if column.strides != (0,) or isinstance(index, slice) or not len(column):
        return column[index]
    n = int(np.count_nonzero(index)) if index.dtype == np.bool_ else len(index)
    return everywhere(int(column[0]), n)


def _end_to_end(columns: Sequence[Ints]) -> Ints:
    held_once = all(column.strides == (0,) and len(column) for column in columns)
    if held_once and all(column[0] == columns[0][0] for column in columns):
        return everywhere(int(columns[0][0]), sum(map(len, columns)))
    return np.concatenate(columns)
