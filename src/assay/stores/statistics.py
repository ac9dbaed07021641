"""Counts over many runs in SQL, read by the driver itself, a slice of the runs a statement."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from assay.core.scope import Scope
from assay.core.search.ast import Expr
from assay.core.statistics import KeyKind, Spread
from assay.core.tracking import View
from assay.stores import schema
from assay.stores.latest import TABLES
from assay.stores.search import INDEXED, Compiler, Target

if TYPE_CHECKING:
    from assay.stores.unit import Unit

run = schema.run
FINITE = [-sys.float_info.max, sys.float_info.max]
SPREAD = ", ".join(
    f"{what} FILTER (WHERE {column} BETWEEN ? AND ?)"
    for what, column in (
        ("count(*)", "value"),
        ("min(value)", "value"),
        ("max(value)", "value"),
        ("min(min_value)", "min_value"),
        ("max(max_value)", "max_value"),
    )
)


class StatisticsStore:
    """See `assay.ports.statistics.Statistics`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def newest(self, scope: Scope, experiment_ids: Sequence[int], view: View, limit: int) -> list[int]:
        """The ids of runs, the newest first: ids are ordered by time."""
        delta, experiment_ids = self._unit.delta, scope.open(experiment_ids)
        ask = f"SELECT id FROM run WHERE workspace_id = ? AND experiment_id {delta.among}"  # noqa: S608 -- ours
        given: list[Any] = [scope.workspace_id, delta.listed(experiment_ids)]
        if view is not View.ALL:
            ask += " AND lifecycle = ?"
            given.append(view.value)
        return [row[0] for row in self._unit.rows(f"{ask} ORDER BY id DESC LIMIT ?", [*given, limit])]

    def count(self, scope: Scope, experiment_ids: Sequence[int], view: View, where: Expr | None, limit: int) -> int:
        """How many runs a search would find; not more than the limit."""
        unit, experiment_ids = self._unit, scope.open(experiment_ids)
        query = select(run.c.id).where(
            run.c.workspace_id == scope.workspace_id, run.c.experiment_id.in_(list(experiment_ids))
        )
        if view is not View.ALL:
            query = query.where(run.c.lifecycle == view.value)
        if where is not None:
            target = Target(run, scope.workspace_id, run.c.start_us, run.c.uid)
            query = query.where(Compiler(unit.connection, unit.delta, target).where(where))
        counted = select(func.count()).select_from(query.limit(limit).subquery())
        return int(unit.connection.execute(counted).scalar_one())

    def keys(self, kind: KeyKind, run_ids: Sequence[int]) -> Counter[int]:
        """How many of the runs have each key, by the key's number."""
        found: Counter[int] = Counter()
        metric = kind is KeyKind.METRIC
        for table in TABLES if metric else (kind.value,):  # a run's latest values are all in one of the two
            where = f"{'context_id = 0 AND ' if metric else ''}owner_id {self._unit.delta.among}"
            ask = f"SELECT key_id, count(*) FROM {table} WHERE {where} GROUP BY key_id"  # noqa: S608 -- ours
            found.update(dict(self._unit.rows(ask, [self._unit.delta.listed(run_ids)])))
        return found

    def values(self, kind: KeyKind, key_id: int, prefix: str, run_ids: Sequence[int]) -> Counter[tuple[str, bool]]:
        """How many of the runs have each text that begins so, by its first 200 characters and whether it has more."""
        delta = self._unit.delta
        ask = (
            f"SELECT value_key, length(value) > {INDEXED}, count(*) FROM {kind.value} "  # noqa: S608 -- ours
            f"WHERE key_id = ? AND owner_id {delta.among} AND substr(value_key, 1, ?) = ? GROUP BY 1, 2"
        )
        rows = self._unit.rows(ask, [key_id, delta.listed(run_ids), len(prefix), prefix])
        return Counter({(text, not is_longer): count for text, is_longer, count in rows})

    def spread(self, key_id: int, run_ids: Sequence[int]) -> Spread:
        """The range of a metric without context over the runs."""
        delta, found = self._unit.delta, Spread()
        for table in TABLES:
            where = f"key_id = ? AND context_id = 0 AND owner_id {delta.among}"
            ask = f"SELECT count(*), {SPREAD} FROM {table} WHERE {where}"  # noqa: S608 -- ours
            (row,) = self._unit.rows(ask, [*FINITE * 5, key_id, delta.listed(run_ids)])
            found = found.with_(Spread(*row))
        return found
