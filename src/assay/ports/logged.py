"""What processes send to runs, as the small stores that a unit of work holds of it; see `assay.ports.aggregates`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from assay.core.points.chunks import Position
from assay.core.points.columns import Points
from assay.core.points.drawing import Drawing, Question
from assay.core.points.spans import Span
from assay.core.scope import Scope
from assay.core.tracking import ConsoleLine, Latest, LoggedValue, Progress, ValueKey, Writer


class Outline(Protocol):
    """Where the points of one series lie, as long as its unit of work is open; what was read stays readable after.

    Attributes:
        series: The numbers of the owner, key and context; None for what was never logged.
        spans: In the series' order.
    """

    @property
    def series(self) -> tuple[int, int, int] | None: ...

    @property
    def spans(self) -> list[Span]: ...

    def read(self, spans: Sequence[Span]) -> None:
        """The points of these spans, which are in order, can be looked at. Raises Unavailable if it takes too long."""
        ...


class PointStore(Protocol):
    """Latest values and histories. Writing many points goes through `Store.log`."""

    def latest(self, owner_ids: Sequence[int]) -> dict[int, list[Latest]]:
        """Latest values of all series, ordered by key; those with a context carry it."""
        ...

    def outline(
        self,
        scope: Scope,
        owner_id: int,
        key: str,
        context: Mapping[str, str] | None = None,
        *,
        low: Position | None = None,
        high_step: int | None = None,
        enough: int | None = None,
        marked: bool = False,
    ) -> Outline:
        """Where the points of one series lie.

        Args:
            scope: Whose.
            owner_id: The run or model.
            key: The metric's.
            context: The series', if it has one.
            low: No points before this step and time.
            high_step: No points of later steps.
            enough: At least so many points, if there are so many, of which the first span is not counted.
            marked: Whether spans are to have their `mark`.
        """
        ...

    def history(self, scope: Scope, owner_id: int, key: str, context: Mapping[str, str] | None = None) -> Points:
        """All points of one series in canonical order, without doubles; empty if there are none."""
        ...

    def all(self, owner_id: int) -> Points:
        """All points of the owner in canonical order; keys and contexts are numbers."""
        ...

    def rewind(self, owner_id: int, step: int) -> None:
        """What was logged after the step is gone, and latest values are those of what remains."""
        ...

    def copy(self, source_id: int, owner_id: int, step: int | None) -> None:
        """The owner, which has no points yet, has those of the source up to the step."""
        ...


class Series(Protocol):
    """Points of many runs as a plot needs them."""

    def drawn(self, scope: Scope, asked: Question) -> list[Drawing]:
        """The series of each key that has some, in the order of the keys.

        Raises:
            TooLarge: More points would have to be opened than one answer may cost.
        """
        ...


class Values(Protocol):
    """What is logged at a step and is no number. Writing goes through `Store.log`."""

    def all(self, owner_id: int) -> list[LoggedValue]:
        """The owner's values by step, row and key."""
        ...

    def page(
        self,
        scope: Scope,
        owner_id: int,
        key: str | None,
        after: tuple[int, int, int, int],
        limit: int,
        steps: tuple[int, int] | None = None,
    ) -> list[tuple[tuple[int, int, int, int], LoggedValue]]:
        """Values with their places, from the one after this place on: by key and context as these were first seen,
        step and row. Those of one key, if it is given, and from the first of these steps to the last."""
        ...

    def keys(self, owner_id: int, limit: int) -> list[ValueKey]:
        """What kinds of values the owner has under which keys, by key."""
        ...

    def steps(self, scope: Scope, owner_id: int, key: str, low: int, limit: int) -> list[int]:
        """The steps at which the owner has values under the key, from this one on, in order."""
        ...

    def within(self, scope: Scope, owner_id: int, context: Mapping[str, str], limit: int) -> list[LoggedValue]:
        """The owner's values in this context, by key, step and row."""
        ...

    def cut(self, owner_id: int, step: int) -> None:
        """What was logged after the step is gone."""
        ...

    def copy(self, source_id: int, owner_id: int, step: int | None) -> None:
        """The owner has the source's values up to the step."""
        ...


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A line, how many lines of its run came before it, and who sent it."""

    position: int
    writer: str
    line: ConsoleLine


class Console(Protocol):
    """What runs print. Lines keep their positions: those that come later are never before them."""

    def append(self, run_id: int, sender: Writer, first_seq: int, lines: Sequence[ConsoleLine]) -> None:
        """These lines, the first of which has this number, come after all others of the run."""
        ...

    def total(self, run_id: int) -> int:
        """How many lines the run has."""
        ...

    def after(self, run_id: int, position: int) -> Iterator[PrintedLine]:
        """The lines from this position on, in the order in which they came."""
        ...

    def before(self, run_id: int, position: int) -> Iterator[PrintedLine]:
        """The lines before this position, the last one first."""
        ...


class Keys(Protocol):
    """Interned names."""

    def lookup(self, workspace_id: int, names: Iterable[str]) -> dict[str, int]:
        """The numbers of those names that have one."""
        ...

    def names(self, numbers: Iterable[int]) -> dict[int, str]:
        """The names that have these numbers, in the order of the names."""
        ...


class Writers(Protocol):
    """Who sends to a run, and how far he got."""

    def open(self, scope: Scope, run_id: int, name: str, stream: str, *, heartbeats: bool) -> Progress:
        """The writer's progress; a new one begins at 0 in the run's epoch."""
        ...

    def seen(self, run_id: int, name: str) -> None:
        """The writer is alive."""
        ...

    def stored(self, scope: Scope, run_id: int, sender: Writer, count: int) -> int:
        """How many of so many records, from the sender's first on, were stored before.

        Nothing is counted as stored yet: the records may still be refused.

        Raises:
            SequenceGap: Records before these are missing.
            Conflict: The writer's epoch is over: the run was rewound since.
        """
        ...

    def reach(self, run_id: int, sender: Writer, count: int) -> int:
        """So many records, which are stored in this transaction, count as such; the next number that is new."""
        ...

    def raise_epochs(self, run_id: int) -> None:
        """All writers of the run begin anew: what they sent before is refused, also of those not met yet."""
        ...

    def silent(self, run_ids: Sequence[int]) -> set[int]:
        """Those of the runs whose heartbeating writers have all been silent for five minutes."""
        ...
