"""Groups of runs as one band: mean, spread and quantiles over the runs, bucket by bucket of their common grid.

In each bucket a run counts once, by the mean of its points there, however many they are. Runs log at different steps: a
run without points in a bucket counts there by the straight line between its neighbouring buckets, if it has some on
both sides. Before its first bucket and after its last it does not count at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assay.core.points.buckets import Buckets
from assay.core.points.columns import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """`n` buckets of a group, columns of shape (n,), in which at least one run counts.

    Attributes:
        index: int64, where the bucket begins on the x-axis, in buckets.
        runs: int64, how many runs count in it, by points or between them.
        points: int64, how many points of theirs lie in it.
        mean: float64, of the runs.
        deviation: float64, their standard deviation, that of the population (divided by n).
        min: float64, the least of all points and of what lies between them.
        max: float64, the greatest.
        quantiles: float64 (q, n), of the runs, linear between the two nearest.
    """

    index: Ints
    runs: Ints
    points: Ints
    mean: Floats
    deviation: Floats
    min: Floats
    max: Floats
    quantiles: Floats


def band(buckets: Buckets, series: Sequence[int], quantiles: Sequence[float]) -> Band:
    """The band of those buckets that belong to one of the series; they are ordered by series and index.

    A run counts for nothing where its mean is no finite number.
    """
    mean = buckets.mean()
    kept = np.isin(buckets.series, np.array(series, np.int64)) & np.isfinite(mean)
    mine, mean = buckets.take(kept), mean[kept]
    index = np.unique(mine.index)
    shape = len(series), len(index)
    means, lows, highs = (np.full(shape, np.nan) for _ in range(3))
    points = np.zeros(len(index), np.int64)
    for row, number in enumerate(series):
        start, end = np.searchsorted(mine.series, (number, number + 1))
        at = mine.index[start:end]
        if not len(at):
            continue
        here = np.searchsorted(index, at)
        inside = slice(here[0], here[-1] + 1)
        between = np.interp(index[inside].astype(np.float64), at.astype(np.float64), mean[start:end])
        for values in (means, lows, highs):
            values[row, inside] = between
        lows[row, here], highs[row, here] = mine.min[start:end], mine.max[start:end]
        np.add.at(points, here, mine.count[start:end])
    runs = (~np.isnan(means)).sum(axis=0)
    if not len(index):
        none = np.zeros(0)
        return Band(index, runs, points, none, none, none, none, np.zeros((len(quantiles), 0)))
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = np.nanmean(means, axis=0), np.nanstd(means, axis=0)
    spread = _quantiles(means, runs, quantiles)
    return Band(index, runs, points, mean, deviation, np.nanmin(lows, axis=0), np.nanmax(highs, axis=0), spread)


def _quantiles(means: Floats, runs: Ints, quantiles: Sequence[float]) -> Floats:
    """Of each column's numbers, of which it has so many: `numpy.nanquantile` goes through the columns one by one."""
    ordered = np.sort(means, axis=0)  # NaN comes last
    found = np.empty((len(quantiles), means.shape[1]))
    for row, quantile in enumerate(quantiles):
        place = (runs - 1) * quantile
        below = np.floor(place).astype(np.int64)
        low, high = (np.take_along_axis(ordered, at[None], 0)[0] for at in (below, np.minimum(below + 1, runs - 1)))
        found[row] = low + (high - low) * (place - below)
    return found
