"""Counts of what happened, for an operator's page: kept by the one thread to which it happens, read by any."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from assay.core.tracking import Logged

GROUP_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
COMMITS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Histogram:
    """How many values fell below each bound; the last count is of those above all."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """One more value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class WriterTally:
    """What the writer of a store has committed."""

    __slots__ = ("calls", "commits_s", "groups", "points", "refused")

    def __init__(self) -> None:
        self.calls = 0  # log calls that are stored
        self.refused = 0  # log calls that are not
        self.points = 0
        self.groups = Histogram(GROUP_SIZES)
        self.commits_s = Histogram(COMMITS_S)

    def stored(self, logged: Iterable[Logged]) -> None:
        """These log calls are on disk."""
        for call in logged:
            self.calls += 1
            self.points += len(call.values) + len(call.model_points)

    def committed(self, size: int, took_s: float) -> None:
        """A group of so many requests was committed, or refused."""
        self.groups.observe(size)
        self.commits_s.observe(took_s)
