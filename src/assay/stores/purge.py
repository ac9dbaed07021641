"""Purging in SQL: rows and all that they own are gone. Interned keys stay, since payloads elsewhere name them.

Locks are taken as everywhere: experiments, runs by id, models by id, then trees and objects in the order of their ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Table, delete, or_, select, true, update

from assay.core.purge import Deletable, Kind
from assay.core.scope import Scope
from assay.core.tracking import Lifecycle
from assay.stores import schema

if TYPE_CHECKING:
    from assay.stores.unit import Unit

CHUNK = 500
ROWS: dict[Kind, Table] = {Kind.RUN: schema.run, Kind.MODEL: schema.logged_model, Kind.EXPERIMENT: schema.experiment}

# What belongs to a run or a model, by the column that names it.
OWNED = [
    schema.param.c.owner_id,
    schema.tag.c.owner_id,
    schema.metric_batch.c.owner_id,
    schema.metric_motion.c.owner_id,
    schema.metric_live.c.owner_id,
    schema.metric_latest.c.owner_id,
    schema.metric_chunk.c.owner_id,
    schema.metric_page.c.owner_id,
    schema.logged_value.c.owner_id,
    schema.console.c.owner_id,
    schema.writer.c.run_id,
    schema.run_config.c.run_id,
    schema.run_group_member.c.run_id,
    schema.comment.c.run_id,
    schema.edge.c.subject_id,
    schema.edge.c.object_id,
    schema.external_name.c.id,
]


def _purgeable(scope: Scope, table: Any) -> ColumnElement[bool]:
    """Whether it lies where the actor may purge: in no experiment where he is less than in the workspace."""
    place: ColumnElement[Any] = table.c.id if table is schema.experiment else table.c.experiment_id
    return place.not_in(list(scope.actor.narrowed)) if scope.actor.narrowed else true()


class PurgeStore:
    """See `assay.ports.aggregates.Purges`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def due(self, scope: Scope, kind: Kind, before_us: int, after: int, limit: int) -> list[int]:
        """Ids, above `after` and in order, of what was deleted at this time or earlier."""
        table = ROWS[kind]
        old = table.c.lifecycle == Lifecycle.DELETED.value, table.c.deleted_us <= before_us
        mine = table.c.workspace_id == scope.workspace_id, _purgeable(scope, table)
        query = select(table.c.id).where(*mine, *old, table.c.id > after)
        return list(self._connection.scalars(query.order_by(table.c.id).limit(limit)))

    def within(self, scope: Scope, experiment_id: int, kind: Kind, limit: int) -> list[int]:
        """Ids, in order, of what lies in the experiment, deleted or not."""
        table = ROWS[kind]
        query = select(table.c.id).where(
            table.c.workspace_id == scope.workspace_id, table.c.experiment_id == experiment_id
        )
        return list(self._connection.scalars(query.order_by(table.c.id).limit(limit)))

    def spares(self, scope: Scope, experiment_id: int, before_us: int) -> bool:
        """Whether runs of the experiment are not deleted, or were deleted after this time."""
        run = schema.run
        mine = run.c.workspace_id == scope.workspace_id, run.c.experiment_id == experiment_id
        kept = or_(run.c.lifecycle != Lifecycle.DELETED.value, run.c.deleted_us > before_us, run.c.deleted_us.is_(None))
        return self._connection.execute(select(run.c.id).where(*mine, kept).limit(1)).first() is not None

    def find(self, scope: Scope, kind: Kind, uids: Sequence[str]) -> list[Deletable]:
        """What clients call by these names; an experiment's is its number."""
        table = ROWS[kind]
        if kind is Kind.EXPERIMENT:
            return self._read(kind, scope, table.c.id.in_([int(uid) for uid in uids]))
        return self._read(kind, scope, table.c.uid.in_(list(uids)))

    def lock(self, scope: Scope, kind: Kind, ids: Sequence[int]) -> list[Deletable]:
        """Those of the things that exist, in order, held until the unit ends."""
        return self._read(kind, scope, ROWS[kind].c.id.in_(list(ids)), lock=True)

    def _read(self, kind: Kind, scope: Scope, these: ColumnElement[bool], *, lock: bool = False) -> list[Deletable]:
        table = ROWS[kind]
        uid = table.c.id if kind is Kind.EXPERIMENT else table.c.uid
        columns: tuple[Any, ...] = (table.c.id, uid.label("called"), table.c.lifecycle, table.c.deleted_us)
        mine = table.c.workspace_id == scope.workspace_id, _purgeable(scope, table)
        query = select(*columns).where(*mine, these).order_by(table.c.id)
        return [
            Deletable(kind, row.id, str(row.called), Lifecycle(row.lifecycle), row.deleted_us)
            for row in self._connection.execute(query.with_for_update() if lock else query)
        ]

    def erase(self, kind: Kind, ids: Sequence[int]) -> None:
        """These things, which are locked, and all that they own are gone. An experiment is empty by then."""
        if kind is Kind.RUN:
            self._unit.touched.heads.update(ids)
        for at in range(0, len(ids), CHUNK):
            some = list(ids[at : at + CHUNK])
            if kind is Kind.EXPERIMENT:
                self._erase_of_experiments(some)
            else:
                self._erase_files(some)
                for column in OWNED:
                    self._delete(column, some)
            self._delete(ROWS[kind].c.id, some)

    def _delete(self, column: ColumnElement[Any], ids: Sequence[int]) -> None:
        table: Any = column.table
        self._connection.execute(delete(table).where(column.in_(ids)))

    def _erase_files(self, owner_ids: Sequence[int]) -> None:
        """The owners' trees are gone, what nothing else refers to is condemned, and uploads to them have ended."""
        upload = schema.upload
        self._connection.execute(update(upload).where(upload.c.owner_id.in_(owner_ids)).values(lease_until_us=0))
        tree, entry = schema.file_tree, schema.tree_entry
        query = select(tree.c.id).where(tree.c.owner_id.in_(owner_ids)).order_by(tree.c.id).with_for_update()
        trees = list(self._connection.scalars(query))
        if not trees:
            return
        blob_ids = list(self._connection.scalars(select(entry.c.blob_id).where(entry.c.tree_id.in_(trees)).distinct()))
        self._delete(entry.c.tree_id, trees)
        self._delete(tree.c.id, trees)
        self._unit.blobs.condemn(blob_ids)

    def _erase_of_experiments(self, ids: Sequence[int]) -> None:
        group, dataset, foreign = schema.run_group, schema.dataset, schema.external_name
        groups = select(group.c.id).where(group.c.experiment_id.in_(ids)).scalar_subquery()
        datasets = select(dataset.c.id).where(dataset.c.experiment_id.in_(ids)).scalar_subquery()
        member, edge = schema.run_group_member, schema.edge
        self._connection.execute(delete(member).where(member.c.group_id.in_(groups)))
        self._connection.execute(delete(foreign).where(foreign.c.id.in_(groups)))
        self._connection.execute(
            delete(edge).where(or_(edge.c.object_id.in_(datasets), edge.c.subject_id.in_(datasets)))
        )
        # Numbers of experiments are small: another kind's id may be the same.
        self._connection.execute(delete(foreign).where(foreign.c.kind == "experiment", foreign.c.id.in_(ids)))
        self._delete(group.c.experiment_id, ids)
        self._delete(schema.role_grant.c.experiment_id, ids)
        self._delete(dataset.c.experiment_id, ids)
        self._delete(schema.saved_view.c.experiment_id, ids)
        self._delete(schema.experiment_tag.c.experiment_id, ids)
