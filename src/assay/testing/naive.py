"""Metric points as a plain list: the measure for every store and for every shorter way to the same answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from assay.core.points.columns import Points


class Point(NamedTuple):
    """One point in a form that compares: NaN is (0, True), and -0.0 is 0.0."""

    key: str | int
    context: str | int
    step: int
    time_us: int
    row: int
    shown: float
    is_nan: bool

    @property
    def value(self) -> float:
        """The number."""
        return math.nan if self.is_nan else self.shown


class Latest(NamedTuple):
    """The last value and the extremes of one series; None where there is none."""

    value: float | None  # None for NaN
    step: int
    time_us: int
    min: float | None
    max: float | None


class Bucket(NamedTuple):
    """What a plot shows of some points; NaN where there is nothing to show."""

    points: int
    nan: int
    min: float
    max: float
    mean: float
    first: float
    last: float


def bucket(points: Sequence[Point]) -> Bucket:
    """The points, which are in order, as one bucket; the mean is exact."""
    real = [item.shown for item in points if not item.is_nan]
    low, high = min(real, default=math.nan), max(real, default=math.nan)
    if math.isinf(low) or math.isinf(high):
        mean = low + high if math.isinf(low) and math.isinf(high) else low if math.isinf(low) else high
    else:
        mean = float(sum(map(Fraction, real)) / len(real)) if real else math.nan
    return Bucket(len(points), len(points) - len(real), low, high, mean, points[0].value, points[-1].value)


def buckets(points: Sequence[Point], index: Callable[[Point], int]) -> dict[int, Bucket]:
    """The points, which are in order, in buckets by their index."""
    found: dict[int, list[Point]] = {}
    for item in points:
        found.setdefault(index(item), []).append(item)
    return {number: bucket(some) for number, some in sorted(found.items())}


def agree(ours: Bucket, theirs: Bucket) -> bool:
    """Whether both say the same: their means as exactly as sums of floats can be."""
    largest = max((abs(value) for value in (ours.min, ours.max) if math.isfinite(value)), default=0.0)
    near = math.isclose(ours.mean, theirs.mean, abs_tol=1e-9 * largest) if largest < 1e300 else True
    same = [math.isnan(a) if math.isnan(b) else a == b for a, b in zip(ours, theirs, strict=True)]
    same[4] = same[4] or near
    return all(same)


def point(key: str | int, context: str | int, step: int, time_us: int, row: int, value: float) -> Point:
    """A point of these columns."""
    return Point(key, context, step, time_us, row, 0.0 if math.isnan(value) else value + 0.0, math.isnan(value))


def of_columns(points: Points) -> list[Point]:
    """The same points, one by one."""
    columns = (points.key, points.context, points.step, points.time_us, points.row, points.value)
    return [point(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


@dataclass
class Naive:
    """All points that an owner has, each once."""

    points: set[Point] = field(default_factory=set)

    def add(self, points: Iterable[Point]) -> None:
        """These are logged, possibly again."""
        self.points |= set(points)

    def rewind(self, step: int) -> None:
        """What came after the step is gone."""
        self.points = {item for item in self.points if item.step <= step}

    def fork(self, step: int | None) -> Naive:
        """Another with what lies up to the step."""
        return Naive({item for item in self.points if step is None or item.step <= step})

    def history(self, key: str | int, context: str | int) -> list[Point]:
        """One series by (step, time, row, value), NaN as 0 and after it."""
        return sorted(item for item in self.points if (item.key, item.context) == (key, context))

    def series(self) -> set[tuple[str | int, str | int]]:
        """The (key, context) of all series."""
        return {(item.key, item.context) for item in self.points}

    def latest(self, key: str | int, context: str | int) -> Latest:
        """The greatest by (step, time, value), NaN as 0 and below it; the extremes of what is not NaN."""
        history = self.history(key, context)
        last = max(history, key=lambda item: (item.step, item.time_us, item.shown, not item.is_nan))
        real = [item.shown for item in history if not item.is_nan]
        value = None if last.is_nan else last.shown
        return Latest(value, last.step, last.time_us, min(real, default=None), max(real, default=None))
