"""Runs in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, and_, case, func, or_, select, update

from assay.core.ids import Kind, make_id
from assay.core.scope import Scope
from assay.core.search.ast import Expr, Order
from assay.core.tracking import ENDED, Lifecycle, Page, Run, Status, View
from assay.stores import schema
from assay.stores.delta import TookTooLong
from assay.stores.search import Asked, Compiler, Target
from assay.wire.errors import AlreadyExists, NotFound

if TYPE_CHECKING:
    from assay.stores.unit import Unit

CHUNK = 500
FIRST_S = 1.0  # that SQL has where columns are being read, which would answer
COMING_S = 30.0  # how long these are waited for

table, motion = schema.run, schema.metric_motion

# Pages have thousands of runs: an enumeration takes its time to find a member.
STATUSES = {status.value: status for status in Status}
LIFECYCLES = {lifecycle.value: lifecycle for lifecycle in Lifecycle}
RUNNING = Status.RUNNING.value


def as_run(row: Any, lost: set[int]) -> Run:
    """The record of a row; `lost` holds the ids of those whose writers fell silent."""
    return Run(
        row.id,
        row.uid,
        row.experiment_id,
        row.name,
        STATUSES[row.status],
        LIFECYCLES[row.lifecycle],
        row.parent_uid,
        row.user_name,
        row.start_us,
        row.end_us,
        row.created_us,
        row.updated_us,
        row.deleted_us,
        row.id in lost,
        row.stop_us,
    )


class RunStore:
    """See `assay.ports.store.Runs`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def add(self, scope: Scope, run: Run) -> Run:
        """Stores a new run with the database's times."""
        taken = select(table.c.id).where(table.c.uid == run.uid)
        if self._connection.execute(taken).first() is not None:
            raise AlreadyExists(f"Run with id={run.uid} exists already", field="run_id")
        self._unit.workspaces.check(scope.workspace_id, "runs", 1)
        now = self._unit.now_us()
        values = {
            "workspace_id": scope.workspace_id,
            "uid": run.uid,
            "experiment_id": run.experiment_id,
            "name": run.name,
            "status": run.status.value,
            "lifecycle": run.lifecycle.value,
            "parent_uid": run.parent_uid,
            "user_name": run.user_name,
            "start_us": run.start_us,
            "end_us": run.end_us,
            "created_us": now,
            "updated_us": now,
        }
        for _ in range(8):
            id = make_id(Kind.RUN, now, self._unit.random())
            statement = self._unit.delta.insert(table).values(id=id, **values).on_conflict_do_nothing()
            if self._connection.execute(statement.returning(table.c.id)).first() is not None:
                self._unit.touched.heads.add(id)
                return self.get(scope, run.uid)  # else another run of this millisecond drew the same number
        raise AlreadyExists("No free run id was found", remedy="try again")

    def _one(self, scope: Scope, query: Select[Any], uid: str) -> Run:
        row = self._connection.execute(query).first()
        if row is None or scope.hides(row.experiment_id):
            raise NotFound(f"Run with id={uid} not found", field="run_id")
        return self._runs([row])[0]

    def _runs(self, rows: Sequence[Any]) -> list[Run]:
        running = [row.id for row in rows if row.status == RUNNING]
        lost = self._unit.writers.silent(running) if running else set()
        return [as_run(row, lost) for row in rows]

    def get(self, scope: Scope, uid: str) -> Run:
        """The run of this uid."""
        return self._one(
            scope, select(table).where(table.c.uid == uid, table.c.workspace_id == scope.workspace_id), uid
        )

    def lock(self, scope: Scope, uid: str) -> Run:
        """The run, held until the unit ends; SQLite's one writer holds everything."""
        query = select(table).where(table.c.uid == uid, table.c.workspace_id == scope.workspace_id)
        run = self._one(scope, query.with_for_update(key_share=True), uid)
        scope.require(run.experiment_id)
        return run

    def update(
        self,
        scope: Scope,
        id: int,
        *,
        name: str | None = None,
        status: Status | None = None,
        end_us: int | None = None,
        parent_uid: str | None = None,
    ) -> None:
        """Changes what is given; a run that ended settles at the next occasion, and one that goes on may go on."""
        given = {"name": name, "status": status and status.value, "end_us": end_us, "parent_uid": parent_uid}
        values: dict[str, Any] = {column: value for column, value in given.items() if value is not None}
        if status is not None and status not in ENDED:
            had_ended = table.c.status.in_([ended.value for ended in ENDED])
            values["stop_us"] = case((had_ended, None), else_=table.c.stop_us)
        self._change(scope, id, **values)
        if status in ENDED:
            self._connection.execute(update(motion).where(motion.c.owner_id == id).values(touched_us=0))

    def set_parent(self, scope: Scope, id: int, parent_uid: str | None) -> None:
        """The run has this parent, or none."""
        self._change(scope, id, parent_uid=parent_uid)

    def stop(self, scope: Scope, id: int) -> None:
        """The run is asked to stop from now on."""
        self._change(scope, id, stop_us=self._unit.now_us())

    def touch(self, scope: Scope, id: int) -> None:
        """Something that the run owns has changed now."""
        self._change(scope, id)

    def touch_all(self, ids: Collection[int]) -> None:
        """Something that these runs own has changed now; they are locked."""
        now, wanted = self._unit.now_us(), sorted(ids)
        for at in range(0, len(wanted), CHUNK):
            some = wanted[at : at + CHUNK]
            query = f"UPDATE run SET updated_us = ? WHERE updated_us < ? AND id IN ({', '.join('?' * len(some))})"  # noqa: S608 -- our own names
            self._unit.driver().execute(self._unit.delta.sql(query), [now, now, *some])

    def _change(self, scope: Scope, id: int, **values: Any) -> None:
        self._unit.touched.heads.add(id)
        later = self._unit.delta.later(table.c.updated_us, self._unit.now_us())
        self._connection.execute(
            update(table)
            .where(table.c.workspace_id == scope.workspace_id, table.c.id == id)
            .values(updated_us=later, **values)
        )

    def set_lifecycle(self, scope: Scope, id: int, lifecycle: Lifecycle) -> None:
        """The run is in this lifecycle."""
        deleted = self._unit.now_us() if lifecycle is Lifecycle.DELETED else None
        self._change(scope, id, lifecycle=lifecycle.value, deleted_us=deleted)

    def set_lifecycle_of_experiment(self, scope: Scope, experiment_id: int, lifecycle: Lifecycle) -> None:
        """All runs of the experiment are in this lifecycle."""
        deleted = self._unit.now_us() if lifecycle is Lifecycle.DELETED else None
        these = and_(table.c.workspace_id == scope.workspace_id, table.c.experiment_id == experiment_id)
        query = select(table.c.id).where(these).order_by(table.c.id).with_for_update(key_share=True)
        self._unit.touched.heads.update(self._connection.scalars(query))
        later = self._unit.delta.later(table.c.updated_us, self._unit.now_us())
        values = {"lifecycle": lifecycle.value, "deleted_us": deleted, "updated_us": later}
        self._connection.execute(update(table).where(these).values(**values))

    def changed(self, scope: Scope, at_us: int, id: int, limit: int) -> list[tuple[int, int, str]]:
        """(time, id, uid) of runs that changed, or whose points did, after this (time, id), in this order."""
        found: list[tuple[int, int, str]] = []
        for time_us in (table.c.updated_us, motion.c.touched_us):
            query = select(time_us, table.c.id, table.c.uid).where(
                table.c.workspace_id == scope.workspace_id,
                time_us >= at_us,
                or_(time_us > at_us, table.c.id > id),
            )
            if closed := scope.closed:
                query = query.where(table.c.experiment_id.not_in(closed))
            if time_us.table is motion:
                query = query.join(motion, motion.c.owner_id == table.c.id)
            rows = self._connection.execute(query.order_by(time_us, table.c.id).limit(limit))
            found += [(row[0], row[1], row[2]) for row in rows]
        return sorted(set(found))[:limit]

    def rested(self, id: int) -> None:
        """Points of the run changed when it was last touched, which nothing else will tell from now on."""
        touched = select(motion.c.touched_us).where(motion.c.owner_id == id).scalar_subquery()
        mine = table.c.id == id, table.c.updated_us < touched
        self._connection.execute(update(table).where(*mine).values(updated_us=touched))

    def beginnings(self, scope: Scope, uids: Sequence[str]) -> dict[int, tuple[str, int]]:
        """Of those uids that exist: the uid by its id, and when its run began."""
        began = func.coalesce(table.c.start_us, table.c.created_us)
        query = select(table.c.id, table.c.uid, began).where(
            table.c.workspace_id == scope.workspace_id, table.c.uid.in_(list(uids))
        )
        if closed := scope.closed:
            query = query.where(table.c.experiment_id.not_in(closed))
        return {row[0]: (row[1], row[2]) for row in self._connection.execute(query)}

    def search(
        self,
        scope: Scope,
        experiment_ids: Sequence[int],
        view: View,
        where: Expr | None,
        order: Sequence[Order],
        limit: int,
        token: str | None,
    ) -> Page[Run]:
        """A page of runs, from memory where that is faster: then the unit's snapshot begins here, if not before it.

        While columns are read for the first time, SQL may be faster, or slower by far: it is asked, but not for long.

        Raises:
            InvalidInput: The token is not one of this query.
            TookTooLong: It was ended.
        """
        experiment_ids = scope.open(experiment_ids)
        what = f"runs {sorted(experiment_ids)} {view} {where} {order}"
        asked = Asked(scope.workspace_id, experiment_ids, view, where, order, limit, token, what)
        projections = self._unit.projections
        if projections is None:
            return self._searched(asked)
        found = projections.search(self._unit, asked)
        if found is None and projections.is_coming(scope.workspace_id):
            try:
                with self._unit.bounded(FIRST_S):
                    return self._searched(asked)
            except TookTooLong:
                self._unit.renew()
                projections.wait(scope.workspace_id, COMING_S)
                found = projections.search(self._unit, asked)
        if found is not None:
            return Page(self._runs(found.rows), found.token)
        with self._unit.bounded():
            return self._searched(asked)

    def _searched(self, asked: Asked) -> Page[Run]:
        """The page by SQL."""
        target = Target(table, asked.workspace_id, table.c.start_us, table.c.uid)
        compiler = Compiler(self._connection, self._unit.delta, target)
        query = select(table).where(
            table.c.workspace_id == asked.workspace_id, table.c.experiment_id.in_(list(asked.experiment_ids))
        )
        if asked.view is not View.ALL:
            query = query.where(table.c.lifecycle == asked.view.value)
        if asked.where is not None:
            query = query.where(compiler.where(asked.where))
        rows, token = compiler.page(query, asked.order, asked.limit, asked.token, asked.what)
        return Page(self._runs(rows), token)
