"""What is asked of the points of many runs at once, to draw them, the grid on which they are laid, and the answer.

The rule of every grid is `core.points.buckets`': powers of two, begun at multiples of them. All series of one key share
one grid, so that buckets of several runs can be laid over each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from assay.core.points.buckets import HIGHEST, LOWEST, Buckets, bucketed, concat, exponent_of, folded, shift_of
from assay.core.points.columns import Floats, Ints, Points

Axis = Literal["step", "time", "relative_time", "metric"]


@dataclass(frozen=True, slots=True)
class Question:
    """Series to be drawn.

    Attributes:
        origins: The owners by id, each with the time in microseconds from which its relative time counts.
        keys: Whose series, each once.
        count: The most buckets of a series, at least 2.
        axis: What runs along x: steps, or times in microseconds, or a metric.
        metric: The key of that metric.
        low: The least x that is asked for, None for all; an integer unless x is a metric, and so is `high`.
        high: The greatest. What is drawn are whole buckets, so that a little more may be seen on either side.
        context: The one context that is asked for, empty for none; None for all.
    """

    origins: Mapping[int, int]
    keys: Sequence[str]
    count: int
    axis: Axis = "step"
    metric: str | None = None
    low: float | None = None
    high: float | None = None
    context: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One series of one owner."""

    owner_id: int
    context: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """The series of one key, on one grid.

    Attributes:
        key: Whose.
        exponent: A bucket is `2**exponent` wide, and bucket `i` begins at `i * 2**exponent`.
        lines: The series.
        buckets: Theirs, ordered by line and index; `series` is a position in `lines`.
    """

    key: str
    exponent: int
    lines: Sequence[Line]
    buckets: Buckets


@dataclass(frozen=True, slots=True)
class Grid:
    """Buckets `2**shift` wide over integers, from the one that holds `low` to the one that holds `high`."""

    shift: int
    low: int
    high: int


def grid_of(asked: Question, low: int, high: int) -> Grid:
    """The finest grid that has no more buckets than asked for, over the range asked for, else from low to high.

    It reaches to the outer edges of its outermost buckets.
    """
    begin = low if asked.low is None else int(asked.low)
    end = max(high if asked.high is None else int(asked.high), begin)
    shift = shift_of(begin, end, asked.count)
    return Grid(shift, begin >> shift << shift, min((end >> shift) + 1 << shift, HIGHEST + 1) - 1)


def on_grid(parts: Sequence[Buckets], grid: Grid, asked: Question) -> Buckets:
    """The buckets in the range that was asked for, each whole."""
    whole = concat(parts)
    inside = np.ones(len(whole), np.bool_)
    if asked.low is not None:
        inside &= whole.index >= int(asked.low) >> grid.shift
    if asked.high is not None:
        inside &= whole.index <= int(asked.high) >> grid.shift
    return folded(whole if inside.all() else whole.take(inside))


def wider(grid: Grid, buckets: Buckets, count: int) -> Grid:
    """The grid on which so much lies in `count` buckets: the same, unless points lay beyond what was known of them."""
    if not len(buckets):
        return grid
    by = shift_of(int(buckets.index.min()), int(buckets.index.max()), count)
    return grid if not by else Grid(grid.shift + by, grid.low, grid.high)


def laid(series: Ints | int, place: Ints | int, index: Ints, value: Floats) -> Buckets:
    """Points in the order of their series in buckets, wherever they lie along x; places ascend in each series."""
    falls = index[1:] < index[:-1]
    if not isinstance(series, int):
        falls &= series[1:] == series[:-1]
    if falls.any():
        order = np.argsort(index, kind="stable") if isinstance(series, int) else np.lexsort((index, series))
        series = series if isinstance(series, int) else series[order]
        place = place if isinstance(place, int) else place[order]
        index, value = index[order], value[order]
    return bucketed(series, place, index, value)


def along(time_us: Ints, origin_us: Ints) -> Ints:
    """Times from an origin on, held within int64."""
    if not np.any(origin_us):
        return time_us
    late = origin_us > 0
    held = np.maximum(time_us, np.where(late, LOWEST + origin_us, LOWEST))
    return np.minimum(held, np.where(late, HIGHEST, HIGHEST + np.minimum(origin_us, 0))) - origin_us


def matched(points: Points, across: Points) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The value of another metric where each point lies, and whether there is a finite one.

    That is the last one of the same row, or of the same step where points have no rows. Both are in canonical order.

    Returns:
        float64 and bool columns of shape (n,), n the number of `points`.
    """
    n, m = len(points), len(across)
    if not m:
        return np.zeros(n), np.zeros(n, np.bool_)
    step = np.concatenate([across.step, points.step])
    row = np.concatenate([across.row, points.row])
    kind = np.concatenate([np.zeros(m, np.int8), np.ones(n, np.int8)])
    order = np.lexsort((kind, row, step))
    last = np.maximum.accumulate(np.where(order < m, np.arange(n + m), -1))
    here = order >= m
    source = order[np.maximum(last, 0)]
    same = (last >= 0) & (step[source] == step[order]) & (row[source] == row[order])
    x, found = np.zeros(n), np.zeros(n, np.bool_)
    x[order[here] - m] = across.value[np.minimum(source[here], m - 1)]
    found[order[here] - m] = same[here]
    return x, found & np.isfinite(x)


def over_floats(pieces: Sequence[tuple[Floats, Floats]], asked: Question) -> tuple[int, Buckets]:
    """The exponent of the grid, and the buckets of each series, given as its x and its values.

    Both are float64 of one shape, in the order of the series.
    """
    low = asked.low if asked.low is not None else min((float(x.min()) for x, _ in pieces if len(x)), default=0.0)
    high = asked.high if asked.high is not None else max((float(x.max()) for x, _ in pieces if len(x)), default=low)
    exponent = exponent_of(low, max(low, high), asked.count)
    parts = []
    first, last = (int(np.floor(np.ldexp(end, -exponent))) for end in (low, max(low, high)))
    for number, (x, value) in enumerate(pieces):
        index = np.floor(np.ldexp(x, -exponent))
        inside = (index >= first) & (index <= last)
        parts.append(laid(number, 0, index[inside].astype(np.int64), value[inside]))
    return exponent, folded(concat(parts))
