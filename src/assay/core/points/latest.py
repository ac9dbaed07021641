"""The latest value and the extremes of each series: only what a resent batch cannot double."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.core.points.columns import Points


@dataclass(frozen=True, slots=True)
class LatestRow:
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
    """One row a series, ordered by (key, context)."""
    n = len(points)
    if n == 0:
        return []
    nan = np.isnan(points.value)
    shown = np.where(nan, 0.0, points.value)
    order = np.lexsort((~nan, shown, points.time_us, points.step, points.context, points.key))
    key, context = points.key[order], points.context[order]
    starts = np.concatenate(([0], np.flatnonzero((key[1:] != key[:-1]) | (context[1:] != context[:-1])) + 1))
    last = order[np.append(starts[1:], n) - 1]
    low = np.minimum.reduceat(np.where(nan, np.inf, points.value)[order], starts)
    high = np.maximum.reduceat(np.where(nan, -np.inf, points.value)[order], starts)
    some = np.logical_or.reduceat(~nan[order], starts)
    return [
        LatestRow(k, c, None if is_nan else v, is_nan, s, t, lo if any_ else None, hi if any_ else None)
        for k, c, v, is_nan, s, t, lo, hi, any_ in zip(
            key[starts].tolist(),
            context[starts].tolist(),
            points.value[last].tolist(),
            nan[last].tolist(),
            points.step[last].tolist(),
            points.time_us[last].tolist(),
            low.tolist(),
            high.tolist(),
            some.tolist(),
            strict=True,
        )
    ]
