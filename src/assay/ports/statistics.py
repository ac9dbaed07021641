"""What many runs say together, as a small store that a unit of work holds of it; see `assay.ports.aggregates`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from assay.core.scope import Scope
from assay.core.search.ast import Expr
from assay.core.statistics import Activity, KeyKind, Measured, RunHead, Spread
from assay.core.tracking import View


class Statistics(Protocol):
    """Counts over runs, which are given by their ids: who asks takes some at a time and may stop."""

    def newest(self, scope: Scope, experiment_ids: Sequence[int], view: View, limit: int) -> list[int]:
        """The ids of runs, the newest first."""
        ...

    def count(self, scope: Scope, experiment_ids: Sequence[int], view: View, where: Expr | None, limit: int) -> int:
        """How many runs a search would find; not more than the limit."""
        ...

    def keys(self, kind: KeyKind, run_ids: Sequence[int]) -> Mapping[int, int]:
        """How many of the runs have each key, by the key's number."""
        ...

    def values(self, kind: KeyKind, key_id: int, prefix: str, run_ids: Sequence[int]) -> Mapping[tuple[str, bool], int]:
        """How many of the runs have each text that begins so, by its first 200 characters and whether it has more."""
        ...

    def matching(
        self, scope: Scope, experiment_ids: Sequence[int], view: View, where: Expr | None, limit: int
    ) -> list[int]:
        """The ids of runs that a search would find, the newest first."""
        ...

    def heads(self, run_ids: Sequence[int]) -> list[RunHead]:
        """What groups are counted by, in whatever order."""
        ...

    def texts(self, kind: KeyKind, key_id: int, run_ids: Sequence[int]) -> Mapping[int, str]:
        """The text of a param or tag of each run that has it."""
        ...

    def measured(self, key_id: int, run_ids: Sequence[int]) -> Mapping[int, Measured]:
        """A metric without context of each run that has it."""
        ...

    def named(self, scope: Scope, text: str, limit: int) -> list[tuple[KeyKind, str]]:
        """Keys whose names hold a text, whatever its case, in order; each kind that something has it as."""
        ...

    def activity(
        self, scope: Scope, experiment_ids: Sequence[int], since_us: int, until_us: int, period_us: int
    ) -> Mapping[int, Activity]:
        """What goes on in each of the experiments that has runs which are not deleted.

        `begun` counts those that began from `since_us` to just before `until_us`, by period.
        """
        ...

    def spread(self, key_id: int, run_ids: Sequence[int]) -> Spread:
        """The range of a metric without context over the runs."""
        ...
