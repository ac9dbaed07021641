"""Counts over many runs in SQL, read by the driver itself, a slice of the runs a statement."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select

from assay.core.scope import Scope
from assay.core.search.ast import Expr
from assay.core.statistics import Activity, KeyKind, Measured, RunHead, Spread
from assay.core.tracking import Status, View
from assay.stores import schema
from assay.stores.latest import TABLES
from assay.stores.search import INDEXED, Compiler, Target

if TYPE_CHECKING:
    from assay.stores.unit import Unit

run = schema.run
RUNNING = Status.RUNNING.value
BEGAN = "coalesce(start_us, created_us)"
HEAD = f"id, uid, experiment_id, status, user_name, {BEGAN}"
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
        query = self._found(scope, experiment_ids, view, where).limit(limit)
        counted = select(func.count()).select_from(query.subquery())
        with self._unit.bounded():
            return int(self._unit.connection.execute(counted).scalar_one())

    def matching(
        self, scope: Scope, experiment_ids: Sequence[int], view: View, where: Expr | None, limit: int
    ) -> list[int]:
        """The ids of runs that a search would find, the newest first."""
        query = self._found(scope, experiment_ids, view, where).order_by(run.c.id.desc()).limit(limit)
        with self._unit.bounded():
            return list(self._unit.connection.scalars(query))

    def _found(self, scope: Scope, experiment_ids: Sequence[int], view: View, where: Expr | None) -> Select[tuple[int]]:
        unit, experiment_ids = self._unit, scope.open(experiment_ids)
        query = select(run.c.id).where(
            run.c.workspace_id == scope.workspace_id, run.c.experiment_id.in_(list(experiment_ids))
        )
        if view is not View.ALL:
            query = query.where(run.c.lifecycle == view.value)
        if where is not None:
            target = Target(run, scope.workspace_id, run.c.start_us, run.c.uid)
            query = query.where(Compiler(unit.connection, unit.delta, target).where(where))
        return query

    def heads(self, run_ids: Sequence[int]) -> list[RunHead]:
        """What groups are counted by."""
        delta = self._unit.delta
        ask = f"SELECT {HEAD} FROM run WHERE id {delta.among}"  # noqa: S608 -- ours
        rows = self._unit.rows(ask, [delta.listed(run_ids)])
        lost = self._unit.writers.silent([row[0] for row in rows if row[3] == RUNNING])
        return [RunHead._make((*row, row[0] in lost)) for row in rows]

    def texts(self, kind: KeyKind, key_id: int, run_ids: Sequence[int]) -> dict[int, str]:
        """The text of a param or tag of each run that has it."""
        delta = self._unit.delta
        ask = f"SELECT owner_id, value FROM {kind.value} WHERE key_id = ? AND owner_id {delta.among}"  # noqa: S608 -- ours
        return dict(self._unit.rows(ask, [key_id, delta.listed(run_ids)]))

    def measured(self, key_id: int, run_ids: Sequence[int]) -> dict[int, Measured]:
        """A metric without context of each run that has it."""
        delta, found = self._unit.delta, dict[int, Measured]()
        for table in TABLES:
            where = f"key_id = ? AND context_id = 0 AND owner_id {delta.among}"
            ask = f"SELECT owner_id, value, min_value, max_value FROM {table} WHERE {where}"  # noqa: S608 -- ours
            rows = self._unit.rows(ask, [key_id, delta.listed(run_ids)])
            found.update({row[0]: Measured(*row[1:]) for row in rows})
        return found

    def named(self, scope: Scope, text: str, limit: int) -> list[tuple[KeyKind, str]]:
        """Keys whose names hold a text, whatever its case, in order; each kind that something has it as."""
        key, unit = schema.key, self._unit
        like = unit.delta.like(key.c.name, f"%{text}%", False)
        query = select(key.c.id, key.c.name).where(key.c.workspace_id == scope.workspace_id, like)
        rows = unit.connection.execute(query.order_by(key.c.name).limit(limit))
        names = {row.id: row.name for row in rows}
        among, seen = unit.delta.among, "WHERE key_id = key.id"
        given = [unit.delta.listed(list(names))]
        if closed := scope.closed:
            seen = f"JOIN run ON run.id = owner_id {seen} AND NOT experiment_id {among}"
            given.append(unit.delta.listed(list(closed)))
        found: list[tuple[KeyKind, str]] = []
        for kind in KeyKind:
            some: set[int] = set()
            for table in TABLES if kind is KeyKind.METRIC else (kind.value,):
                ask = f"SELECT id FROM key WHERE id {among} AND EXISTS (SELECT 1 FROM {table} {seen})"  # noqa: S608 -- ours
                some.update(row[0] for row in unit.rows(ask, given))
            found += [(kind, names[id]) for id in some]
        return sorted(found, key=lambda item: (item[1], item[0].value))

    def activity(
        self, scope: Scope, experiment_ids: Sequence[int], since_us: int, until_us: int, period_us: int
    ) -> dict[int, Activity]:
        """What goes on in each of the experiments that has runs which are not deleted."""
        unit, among = self._unit, self._unit.delta.among
        mine = f"FROM run WHERE workspace_id = ? AND lifecycle = 'active' AND experiment_id {among}"
        given = [scope.workspace_id, unit.delta.listed(scope.open(experiment_ids))]
        ask = f"SELECT experiment_id, count(*), max({BEGAN}) {mine} GROUP BY experiment_id"
        totals = {row[0]: (row[1], row[2]) for row in unit.rows(ask, given)}
        begun = {id: [0] * -(-(until_us - since_us) // period_us) for id in totals}
        ask = f"SELECT experiment_id, ({BEGAN} - ?) / ?, count(*) {mine} AND {BEGAN} >= ? AND {BEGAN} < ? GROUP BY 1, 2"
        for id, period, count in unit.rows(ask, [since_us, period_us, *given, since_us, until_us]):
            begun[id][period] = count
        of = dict(unit.rows(f"SELECT id, experiment_id {mine} AND status = '{RUNNING}'", given))
        lost = Counter(of[id] for id in unit.writers.silent(list(of)))
        running = Counter(of.values())
        running.subtract(lost)
        return {
            id: Activity(count, running[id], lost[id], last_us, begun[id]) for id, (count, last_us) in totals.items()
        }

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
