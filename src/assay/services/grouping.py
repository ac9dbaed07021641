"""Use cases on runs grouped by what they have in common: counted and measured over all of them, not over a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assay.core.grouping import LOST, Group, Groups
from assay.core.scope import Scope, Verb
from assay.core.search.ast import Attribute, Expr, Field, Metric, Param, Tag
from assay.core.statistics import KeyKind, Measured, RunHead, Seen
from assay.core.tracking import View
from assay.ports.store import Store, UnitOfWork
from assay.services.base import Service, authorise, check_search
from assay.services.statistics import RUNS_BOUND, Walk
from assay.wire.errors import InvalidInput

BY_BOUND = 3
MEASURES_BOUND = 20
GROUPS_BOUND = 1_000
UIDS_BOUND = 1_000  # of a group, as many as a band is drawn of
ATTRIBUTES = ("status", "user_name", "experiment_id")
Lookup = Callable[[RunHead], str | None]


@dataclass(frozen=True, slots=True)
class Grouped:
    """The largest groups, how many others there are, and over which runs they were counted."""

    groups: Sequence[Group]
    left_out: int
    seen: Seen


class GroupingService(Service):
    """Group.

    Args:
        store: Where the runs are.
        now_s: A clock that is never set back.
    """

    def __init__(self, store: Store, now_s: Callable[[], float]) -> None:
        super().__init__(store)
        self._now_s = now_s

    def group(
        self,
        scope: Scope,
        experiment_ids: Sequence[int],
        by: Sequence[Field],
        *,
        measures: Sequence[Metric] = (),
        view: View = View.ACTIVE,
        where: Expr | None = None,
        limit: int = 100,
        uids: int = 0,
    ) -> Grouped:
        """The runs that a search finds, by params, tags, status, user or experiment; the largest groups first.

        Over the newest runs, as many as a second and `RUNS_BOUND` allow.

        Args:
            scope: Who asks, and where.
            experiment_ids: Of which experiments.
            by: Up to `BY_BOUND` fields.
            measures: Metrics that were logged without a context, whose last value or extreme is measured.
            view: Active, deleted or all.
            where: What the runs match.
            limit: How many groups, at most `GROUPS_BOUND`.
            uids: How many runs of each are named, at most `UIDS_BOUND`.

        Raises:
            InvalidInput: There is nothing to group by, or too much; a field is none that runs are grouped by.
        """
        authorise(scope, Verb.READ, "run")
        check_search(experiment_ids, ())
        for name, count, low, high in (
            ("by", len(by), 1, BY_BOUND),
            ("measure", len(measures), 0, MEASURES_BOUND),
        ):
            if not low <= count <= high:
                raise InvalidInput(f"{name} has {count} fields", field=name, bound=high, remedy=f"give {low} to {high}")
        for item in by:
            _check(item)
        limit, uids = max(1, min(limit, GROUPS_BOUND)), max(0, min(uids, UIDS_BOUND))
        groups = Groups(len(measures), uids)
        with self._store.read() as unit:
            ids = unit.statistics.matching(scope, experiment_ids, view, where, RUNS_BOUND + 1)
            walk = Walk(ids, self._now_s)
            numbers = unit.keys.lookup(scope.workspace_id, _names([*by, *measures]))
            for some in walk:
                values = [_lookup(unit, item, numbers, some) for item in by]
                measured = [_measured(unit, item, numbers, some) for item in measures]
                heads = {head.id: head for head in unit.statistics.heads(some)}
                for id in some:
                    head = heads[id]
                    have = ((at, of[id]) for at, of in enumerate(measured) if id in of)
                    groups.add(head, tuple(value(head) for value in values), have)
        found, left_out = groups.largest(limit)
        return Grouped(found, left_out, walk.seen)


def _check(item: Field) -> None:
    if not (isinstance(item, (Param, Tag)) or (isinstance(item, Attribute) and item.name in ATTRIBUTES)):
        raise InvalidInput(
            "Runs are not grouped by that", field="by", remedy="use params.KEY, tags.KEY, status, user or experiment"
        )


def _names(fields: Sequence[Field]) -> Iterator[str]:
    for item in fields:
        if isinstance(item, (Param, Tag, Metric)) and item.key is not None:
            yield item.key


def _lookup(unit: UnitOfWork, item: Field, numbers: Mapping[str, int], ids: Sequence[int]) -> Lookup:
    """What gives each of these runs its text in a field, or None."""
    if isinstance(item, Attribute):
        return {
            "status": lambda head: LOST if head.lost else head.status,
            "user_name": lambda head: head.user_name,
            "experiment_id": lambda head: str(head.experiment_id),
        }[item.name]
    assert isinstance(item, (Param, Tag))
    kind = KeyKind.PARAM if isinstance(item, Param) else KeyKind.TAG
    number = numbers.get(item.key)
    texts: Mapping[int, str] = {} if number is None else unit.statistics.texts(kind, number, ids)
    return lambda head: texts.get(head.id)


def _measured(
    unit: UnitOfWork, item: Metric, numbers: Mapping[str, int], ids: Sequence[int]
) -> Mapping[int, float | None]:
    """The last value, or the extreme, of each of these runs that has the metric."""
    number = numbers.get(item.key or "")
    found: Mapping[int, Measured] = {} if number is None else unit.statistics.measured(number, ids)
    return {id: getattr(value, item.aggregate) for id, value in found.items()}
