"""What many runs say together: which keys and values there are, how often, and in which range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from assay.core.tracking import Page, T


class KeyKind(StrEnum):
    """What a run has by keys."""

    PARAM = "param"
    METRIC = "metric"
    TAG = "tag"


@dataclass(frozen=True, slots=True)
class KeyCount:
    """A key, and how many runs have it. A metric counts where it was logged without a context."""

    kind: KeyKind
    key: str
    runs: int


@dataclass(frozen=True, slots=True)
class ValueCount:
    """A text that runs have under a key, and how many; not whole: these have longer ones that begin so."""

    value: str
    runs: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Spread:
    """The range of a metric over runs; None where no value is finite.

    Attributes:
        runs: How many have it.
        finite: How many have a last value that is finite.
        last_min: The lowest of these.
        last_max: The highest.
        min: The lowest value that any of them ever had, of those that are finite.
        max: The highest.
    """

    runs: int = 0
    finite: int = 0
    last_min: float | None = None
    last_max: float | None = None
    min: float | None = None
    max: float | None = None

    def with_(self, other: Spread) -> Spread:
        """The range over both."""
        return Spread(
            self.runs + other.runs,
            self.finite + other.finite,
            _least(self.last_min, other.last_min),
            _most(self.last_max, other.last_max),
            _least(self.min, other.min),
            _most(self.max, other.max),
        )


def _least(*values: float | None) -> float | None:
    return min((value for value in values if value is not None), default=None)


def _most(*values: float | None) -> float | None:
    return max((value for value in values if value is not None), default=None)


@dataclass(frozen=True, slots=True)
class Seen:
    """Of how many runs something is said, the newest first, and whether these are all that were asked for."""

    runs: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Counted(Page[T]):
    """A page of what was counted, and over which runs."""

    seen: Seen = Seen(0, complete=True)


class RunHead(NamedTuple):
    """What a run is counted by, beside what it owns. `began_us` is when it was made, where nobody has said else."""

    id: int
    uid: str
    experiment_id: int
    status: str
    user_name: str
    began_us: int
    lost: bool


class Measured(NamedTuple):
    """A metric's last value and its extremes; None for no number."""

    last: float | None
    min: float | None
    max: float | None


@dataclass(frozen=True, slots=True)
class Activity:
    """What goes on in an experiment.

    Attributes:
        runs: Those that are not deleted.
        running: Of them, those that run, lost ones not counted.
        lost: Of them, those that are lost.
        last_us: When the newest of them began.
        begun: How many of them began in each period, the oldest first.
    """

    runs: int
    running: int
    lost: int
    last_us: int | None
    begun: Sequence[int]
