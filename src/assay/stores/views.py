"""Saved views in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from assay.core.comments import Author
from assay.core.scope import Scope
from assay.core.views import SavedView
from assay.stores import schema
from assay.wire.errors import AlreadyExists, Conflict, NotFound

if TYPE_CHECKING:
    from assay.stores.unit import Unit

table = schema.saved_view
NOWHERE = -1  # stands for no experiment, as a unique name has no room for NULL; 0 is one
HEAD = [column for column in table.c if column.name != "document"]


class SavedViewStore:
    """See `assay.ports.people.SavedViews`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def add(self, scope: Scope, uid: str, kind: str, experiment_id: int | None, name: str, document: str) -> None:
        """The view is stored under revision 1, with the database's time."""
        now = self._unit.now_us()
        statement = self._unit.delta.insert(table).values(
            uid=uid,
            workspace_id=scope.workspace_id,
            kind=kind,
            experiment_id=_place(experiment_id),
            name=name,
            document=document,
            revision=1,
            author_id=scope.actor.id,
            author=scope.actor.name,
            changed_by=scope.actor.name,
            created_us=now,
            updated_us=now,
        )
        made = self._connection.execute(statement.on_conflict_do_nothing().returning(table.c.uid))
        if made.first() is None:
            raise _taken(name)

    def get(self, scope: Scope, uid: str) -> SavedView:
        """The view of this uid, with its document."""
        row = self._connection.execute(select(table).where(*_mine(scope, uid))).first()
        if row is None or scope.hides(row.experiment_id):
            raise NotFound(f"There is no view {uid}", field="id", remedy="it may be deleted already")
        return _view(row, row.document)

    def update(self, scope: Scope, uid: str, revision: int, name: str, document: str) -> None:
        """The view has this name and document, and the next revision."""
        self._require(scope, uid)
        values = {"name": name, "document": document, "changed_by": scope.actor.name, "revision": revision + 1}
        later = self._unit.delta.later(table.c.updated_us, self._unit.now_us())
        statement = update(table).where(*_mine(scope, uid), table.c.revision == revision)
        try:
            changed = self._connection.execute(statement.values(**values, updated_us=later)).rowcount
        except IntegrityError:  # the transaction ends with it
            raise _taken(name) from None
        if not changed:
            self._refuse(scope, uid, revision)

    def remove(self, scope: Scope, uid: str, revision: int | None) -> None:
        """The view is gone."""
        self._require(scope, uid)
        statement = delete(table).where(*_mine(scope, uid))
        if revision is not None:
            statement = statement.where(table.c.revision == revision)
        if not self._connection.execute(statement).rowcount:
            self._refuse(scope, uid, revision)

    def _require(self, scope: Scope, uid: str) -> None:
        """Returns if the actor may change the view. Raises NotFound, PermissionDenied."""
        if scope.actor.narrowed and (experiment_id := self.get(scope, uid).experiment_id) is not None:
            scope.require(experiment_id)

    def _refuse(self, scope: Scope, uid: str, revision: int | None) -> NoReturn:
        """Raises why there is no such view of this revision."""
        found = self.get(scope, uid)
        raise Conflict(
            f"The view {found.name!r} has revision {found.revision}, not {revision}",
            field="revision",
            bound=found.revision,
            remedy="read it again, and change what is there now",
            details={"revision": found.revision},
        )

    def count(self, scope: Scope) -> int:
        """How many the workspace has."""
        query = select(func.count()).select_from(table).where(table.c.workspace_id == scope.workspace_id)
        return int(self._connection.execute(query).scalar_one())

    def search(
        self, scope: Scope, kind: str | None, experiment_id: int | None, after: tuple[str, str] | None, limit: int
    ) -> list[SavedView]:
        """Views without their documents, by name and uid."""
        query = select(*HEAD).where(_seen(scope))
        if kind is not None:
            query = query.where(table.c.kind == kind)
        if experiment_id is not None:
            query = query.where(table.c.experiment_id == experiment_id)
        if after is not None:
            query = query.where(tuple_(table.c.name, table.c.uid) > after)
        rows = self._connection.execute(query.order_by(table.c.name, table.c.uid).limit(limit))
        return [_view(row, None) for row in rows]

    def named(self, scope: Scope, text: str, limit: int) -> list[SavedView]:
        """Views whose names hold a text, whatever its case; by name."""
        like = self._unit.delta.like(table.c.name, f"%{text}%", False)
        query = select(*HEAD).where(_seen(scope), like)
        rows = self._connection.execute(query.order_by(table.c.name, table.c.uid).limit(limit))
        return [_view(row, None) for row in rows]


def _mine(scope: Scope, uid: str) -> tuple[Any, ...]:
    return table.c.workspace_id == scope.workspace_id, table.c.uid == uid


def _seen(scope: Scope) -> ColumnElement[bool]:
    """The workspace's views, without those of experiments that are closed to the actor."""
    mine = table.c.workspace_id == scope.workspace_id
    if not (closed := scope.closed):
        return mine
    return and_(mine, or_(table.c.experiment_id.is_(None), table.c.experiment_id.not_in(closed)))


def _place(experiment_id: int | None) -> int:
    return NOWHERE if experiment_id is None else experiment_id


def _taken(name: str) -> AlreadyExists:
    return AlreadyExists(f"There is a view {name!r} already", field="name", remedy="choose another name, or change it")


def _view(row: Any, document: str | None) -> SavedView:
    return SavedView(
        row.uid,
        row.kind,
        None if row.experiment_id == NOWHERE else row.experiment_id,
        row.name,
        row.revision,
        Author(row.author_id, row.author),
        row.changed_by,
        row.created_us,
        row.updated_us,
        document,
    )
