"""Bands of groups against numpy, run by run and bucket by bucket."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assay.core.points.buckets import bucketed, concat
from assay.core.points.groups import band

RUN = st.lists(st.tuples(st.integers(-8, 8), st.floats(-1e6, 1e6) | st.just(math.nan)), max_size=20).map(
    lambda points: sorted(points, key=lambda item: item[0])
)


def counts_at(run: list[tuple[int, float]], index: int) -> float | None:
    """By what a run counts in a bucket: the mean there, or the line between its neighbours."""
    means = {
        at: float(np.mean(real))
        for at in sorted({step for step, _ in run})
        if (real := [value for step, value in run if step == at and not math.isnan(value)])
    }
    if index in means:
        return means[index]
    before, after = [at for at in means if at < index], [at for at in means if at > index]
    if not before or not after:
        return None
    a, b = before[-1], after[0]
    return means[a] + (means[b] - means[a]) * (index - a) / (b - a)


@given(st.lists(RUN, min_size=1, max_size=6), st.sets(st.integers(0, 5)))
def test_a_band_is_what_numpy_says_of_the_runs(runs: Any, chosen: set[int]) -> None:
    parts = [
        bucketed(number, 0, np.array([step for step, _ in run], np.int64), np.array([value for _, value in run]))
        for number, run in enumerate(runs)
    ]
    series = sorted(number for number in chosen if number < len(runs))
    quantiles = [0.0, 0.25, 0.5, 1.0]
    found = band(concat(parts), series, quantiles)
    members = [runs[number] for number in series]
    held = sorted({step for run in members for step, value in run if not math.isnan(value)})
    assert found.index.tolist() == held
    for at, index in enumerate(held):
        means = [mean for run in members if (mean := counts_at(run, index)) is not None]
        assert found.runs[at] == len(means)
        close = {"rtol": 1e-9, "atol": 1e-6}
        assert np.allclose(found.mean[at], np.mean(means), **close)
        assert np.allclose(found.deviation[at], np.std(means), **close)
        assert np.allclose(found.quantiles[:, at], np.quantile(means, quantiles), **close)
        here = [value for run in members for step, value in run if step == index and not math.isnan(value)]
        between = [
            counts_at(run, index) for run in members if not any(s == index and not math.isnan(v) for s, v in run)
        ]
        everything = here + [value for value in between if value is not None]
        assert np.allclose([found.min[at], found.max[at]], [min(everything), max(everything)], **close)
        assert found.points[at] == sum(
            1
            for run in members
            for step, _ in run
            if step == index and any(s == index and not math.isnan(v) for s, v in run)
        )
