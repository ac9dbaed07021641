"""Runs that rest, in SQL: what the rule of `assay.core.retention` is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, exists, func, or_, select, true

from assay.core.retention import KEEP, Rested
from assay.core.scope import Scope
from assay.core.tracking import ENDED, Lifecycle
from assay.stores import schema

if TYPE_CHECKING:
    from assay.stores.unit import Unit

run, tree, entry, model = schema.run, schema.file_tree, schema.tree_entry, schema.logged_model


class RetentionStore:
    """See `assay.ports.aggregates.Retention`."""

    def __init__(self, unit: Unit) -> None:
        self._connection = unit.connection

    def rested(self, scope: Scope, after: int, limit: int) -> list[Rested]:
        """Runs that have ended and are not deleted, above the id `after` and in order."""
        return self._read(scope, run.c.id > after, limit)

    def among(self, scope: Scope, ids: Sequence[int]) -> list[Rested]:
        """Those of the runs that have ended and are not deleted, in order."""
        return self._read(scope, run.c.id.in_(list(ids)), len(ids))

    def held_bytes(self, scope: Scope) -> int:
        """How much the files of runs come to that are not deleted, each as often as it is used."""
        query = (
            select(func.coalesce(func.sum(entry.c.size), 0))
            .select_from(run)
            .join(tree, tree.c.owner_id == run.c.id)
            .join(entry, entry.c.tree_id == tree.c.id)
            .where(run.c.workspace_id == scope.workspace_id, run.c.lifecycle != Lifecycle.DELETED.value)
        )
        return int(self._connection.execute(query).scalar_one())

    def _read(self, scope: Scope, these: ColumnElement[bool], limit: int) -> list[Rested]:
        size = (
            select(func.coalesce(func.sum(entry.c.size), 0))
            .select_from(tree)
            .join(entry, entry.c.tree_id == tree.c.id)
            .where(tree.c.owner_id == run.c.id)
            .scalar_subquery()
        )
        tagged = exists().where(
            schema.tag.c.owner_id == run.c.id, schema.tag.c.key_id == schema.key.c.id, schema.key.c.name == KEEP
        )
        used = exists().where(model.c.run_uid == run.c.uid, model.c.lifecycle != Lifecycle.DELETED.value)
        latest = func.coalesce(run.c.end_us, 0)
        narrowed: Any = run.c.experiment_id.not_in(list(scope.actor.narrowed)) if scope.actor.narrowed else true()
        query = (
            select(run.c.id, run.c.uid, run.c.updated_us, latest, size, or_(tagged, used))
            .where(
                run.c.workspace_id == scope.workspace_id,
                run.c.lifecycle == Lifecycle.ACTIVE.value,
                run.c.status.in_([status.value for status in ENDED]),
                narrowed,
                these,
            )
            .order_by(run.c.id)
            .limit(limit)
        )
        return [
            Rested(id, uid, max(updated_us, end_us), int(bytes_), bool(kept))
            for id, uid, updated_us, end_us, bytes_, kept in self._connection.execute(query)
        ]
