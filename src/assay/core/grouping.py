"""Runs that have the same values, counted and measured together: the rule, without a database."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from assay.core.statistics import RunHead

LOST = "lost"  # a status that is shown, and not stored
Values = tuple[str | None, ...]


@dataclass(slots=True)
class Tally:
    """One measure over the runs of a group, as far as its values are finite.

    Mean and deviation are kept as they are met, so that large values do not swallow small differences.
    """

    runs: int = 0
    finite: int = 0
    mean: float = 0.0
    squares: float = 0.0  # of the differences from the mean
    min: float | None = None
    max: float | None = None

    def add(self, value: float | None) -> None:
        """One more run has this value, or one that is no number."""
        self.runs += 1
        if value is None or not math.isfinite(value):
            return
        self.finite += 1
        before = value - self.mean
        self.mean += before / self.finite
        self.squares += before * (value - self.mean)
        self.min = value if self.min is None else min(self.min, value)
        self.max = value if self.max is None else max(self.max, value)

    @property
    def deviation(self) -> float | None:
        """The deviation of these runs from their mean, which is a whole and no sample; None without a value."""
        return math.sqrt(self.squares / self.finite) if self.finite else None


@dataclass(slots=True)
class Group:
    """Runs that have the same values."""

    values: Values
    measures: list[Tally]
    runs: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    last_us: int = 0  # when the last of them began
    uids: list[str] = field(default_factory=list)  # the newest first, as many as were asked for


class Groups:
    """Groups as runs are met, the newest first.

    Args:
        measures: How many measures each has.
        uids: How many runs of each group are named.
    """

    def __init__(self, measures: int, uids: int) -> None:
        self._measures = measures
        self._uids = uids
        self._groups: dict[Values, Group] = {}

    def add(self, head: RunHead, values: Values, measured: Iterable[tuple[int, float | None]]) -> None:
        """A run belongs to the group of these values; of some measures, by their number, it has a value."""
        group = self._groups.get(values)
        if group is None:
            group = self._groups[values] = Group(values, [Tally() for _ in range(self._measures)])
        group.runs += 1
        group.statuses[LOST if head.lost else head.status] += 1
        group.last_us = max(group.last_us, head.began_us)
        if len(group.uids) < self._uids:
            group.uids.append(head.uid)
        for at, value in measured:
            group.measures[at].add(value)

    def largest(self, count: int) -> tuple[Sequence[Group], int]:
        """The groups of most runs, those of few last, and how many others there are."""
        found = sorted(self._groups.values(), key=lambda group: (-group.runs, _place(group.values)))
        return found[:count], max(len(found) - count, 0)


def _place(values: Values) -> tuple[tuple[bool, str], ...]:
    """Where values stand; what a run does not have stands last."""
    return tuple((value is None, value or "") for value in values)
