"""The latest value and the extremes of each series: only what a resent batch cannot double."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from assay.core.points.columns import Ints, Points, starts_of


class LatestRow(NamedTuple):
    """The last point of a series by (step, time, value), NaN counting as 0, and min and max over what is not NaN."""

    key: int
    context: int
    value: float | None  # None where is_nan
    is_nan: bool
    step: int
    time_us: int
    min: float | None
    max: float | None


def latest(points: Points) -> list[LatestRow]:
    """One row a series, ordered by (key, context); the points must be in canonical order."""
    n = len(points)
    if n == 0:
        return []
    if n == 1:
        p = points
        return [latest_of_one(p.key.item(), p.context.item(), p.step.item(), p.time_us.item(), p.value.item())]
    key, context, value = points.key, points.context, points.value
    nan = np.isnan(value)
    starts = starts_of(key, context)
    last = np.append(starts[1:], n) - 1
    if nan.any():
        low = np.minimum.reduceat(np.where(nan, np.inf, value), starts)
        high = np.maximum.reduceat(np.where(nan, -np.inf, value), starts)
        some = np.logical_or.reduceat(~nan, starts)
        last = _last_by_value(points, last)
    else:
        low, high = np.minimum.reduceat(value, starts), np.maximum.reduceat(value, starts)
        some = np.ones(len(starts), bool)
        if (points.row != points.row[0]).any():
            last = _last_by_value(points, last)
    return [
        LatestRow(k, c, None if is_nan else v, is_nan, s, t, lo if any_ else None, hi if any_ else None)
        for k, c, v, is_nan, s, t, lo, hi, any_ in zip(
            key[starts].tolist(),
            context[starts].tolist(),
            value[last].tolist(),
            nan[last].tolist(),
            points.step[last].tolist(),
            points.time_us[last].tolist(),
            low.tolist(),
            high.tolist(),
            some.tolist(),
            strict=True,
        )
    ]


def latest_of_one(key: int, context: int, step: int, time_us: int, value: float) -> LatestRow:
    """The row of a single point."""
    number = None if math.isnan(value) else value
    return LatestRow(key, context, number, number is None, step, time_us, number, number)


def _last_by_value(points: Points, last: Ints) -> Ints:
    """The last point of each series by (step, time, value, number before NaN): rows do not count here."""
    nan = np.isnan(points.value)
    shown = np.where(nan, 0.0, points.value)
    order = np.lexsort((~nan, shown, points.time_us, points.step, points.context, points.key))
    return order[last]
