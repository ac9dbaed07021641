"""Comments on runs in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, delete, func, select, tuple_, update

from assay.core.comments import Author, Comment, Origin
from assay.core.scope import Scope
from assay.core.tracking import Lifecycle
from assay.stores import schema
from assay.wire.errors import AlreadyExists, NotFound

if TYPE_CHECKING:
    from assay.stores.unit import Unit

table, run = schema.comment, schema.run


class CommentStore:
    """See `assay.ports.people.Comments`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def add(
        self,
        scope: Scope,
        run_id: int,
        uid: str,
        text: str,
        *,
        key: str | None = None,
        step: int | None = None,
        origin: Origin | None = None,
    ) -> None:
        """The comment is stored, with the database's time."""
        statement = self._unit.delta.insert(table).values(
            uid=uid,
            workspace_id=scope.workspace_id,
            run_id=run_id,
            key=key,
            step=step,
            text=text,
            author_id=scope.actor.id,
            author=scope.actor.name,
            created_us=self._unit.now_us(),
            origin_author=None if origin is None else origin.author,
            origin_us=None if origin is None else origin.created_us,
        )
        made = self._connection.execute(statement.on_conflict_do_nothing().returning(table.c.uid))
        if made.first() is None:
            raise AlreadyExists(f"The comment {uid} exists already", field="id")

    def get(self, scope: Scope, uid: str) -> Comment:
        """The comment of this uid."""
        row = self._connection.execute(_comments(scope).where(table.c.uid == uid)).first()
        if row is None:
            raise NotFound(f"There is no comment {uid}", field="id", remedy="it may be deleted already")
        return _comment(row)

    def edit(self, scope: Scope, uid: str, text: str) -> None:
        """The comment says this from now on."""
        later = self._unit.delta.later(table.c.created_us, self._unit.now_us())
        self._connection.execute(
            update(table)
            .where(table.c.workspace_id == scope.workspace_id, table.c.uid == uid)
            .values(text=text, edited_us=later, edited_by=scope.actor.name)
        )

    def remove(self, scope: Scope, uid: str) -> None:
        """The comment is gone."""
        mine = table.c.workspace_id == scope.workspace_id, table.c.uid == uid
        self._connection.execute(delete(table).where(*mine))

    def count(self, run_id: int) -> int:
        """How many a run has."""
        query = select(func.count()).select_from(table).where(table.c.run_id == run_id)
        return int(self._connection.execute(query).scalar_one())

    def search(
        self, scope: Scope, run_uids: Sequence[str], key: str | None, before: tuple[int, str] | None, limit: int
    ) -> list[Comment]:
        """Comments on these runs, or on all that are not deleted, the newest first."""
        query = _comments(scope)
        if run_uids:
            query = query.where(run.c.uid.in_(list(run_uids)))
        else:
            query = query.where(run.c.lifecycle != Lifecycle.DELETED.value)
        if key is not None:
            query = query.where(table.c.key == key)
        if before is not None:
            query = query.where(tuple_(table.c.created_us, table.c.uid) < before)
        rows = self._connection.execute(query.order_by(table.c.created_us.desc(), table.c.uid.desc()).limit(limit))
        return [_comment(row) for row in rows]


def _comments(scope: Scope) -> Select[Any]:
    """The workspace's comments, with the uids of their runs."""
    mine = table.c.workspace_id == scope.workspace_id
    found = select(table, run.c.uid.label("run_uid")).join(run, run.c.id == table.c.run_id).where(mine)
    return found.where(run.c.experiment_id.not_in(scope.closed)) if scope.closed else found


def _comment(row: Any) -> Comment:
    return Comment(
        row.uid,
        row.run_uid,
        row.key,
        row.step,
        row.text,
        Author(row.author_id, row.author),
        row.created_us,
        row.edited_us,
        row.edited_by,
        None if row.origin_author is None else Origin(row.origin_author, row.origin_us),
    )
