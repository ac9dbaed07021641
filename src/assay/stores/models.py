"""Logged models in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, select, update

from assay.core.ids import Kind, make_id
from assay.core.scope import Scope
from assay.core.search.ast import Expr, Order
from assay.core.tracking import Lifecycle, LoggedModel, ModelStatus, Page
from assay.stores import schema
from assay.stores.search import Compiler, Target
from assay.wire.errors import AlreadyExists, NotFound

if TYPE_CHECKING:
    from assay.stores.unit import Unit

table = schema.logged_model


def as_model(row: Any) -> LoggedModel:
    """The record of a row, without what the model owns."""
    return LoggedModel(
        row.id,
        row.uid,
        row.experiment_id,
        row.run_uid,
        row.name,
        row.model_type,
        ModelStatus(row.status),
        row.status_message,
        Lifecycle(row.lifecycle),
        row.created_us,
        row.updated_us,
    )


class ModelStore:
    """See `assay.ports.store.Models`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def add(self, scope: Scope, model: LoggedModel) -> LoggedModel:
        """Stores a new model with the database's times."""
        now = self._unit.now_us()
        values = {
            "workspace_id": scope.workspace_id,
            "uid": model.uid,
            "experiment_id": model.experiment_id,
            "run_uid": model.run_uid,
            "name": model.name,
            "model_type": model.model_type,
            "status": model.status.value,
            "lifecycle": model.lifecycle.value,
            "created_us": now,
            "updated_us": now,
        }
        for _ in range(8):
            id = make_id(Kind.MODEL, now, self._unit.random())
            statement = self._unit.delta.insert(table).values(id=id, **values).on_conflict_do_nothing()
            if self._connection.execute(statement.returning(table.c.id)).first() is not None:
                return self.get(scope, model.uid)  # else another model of this millisecond drew the same number
        raise AlreadyExists("No free model id was found", remedy="try again")

    def get(self, scope: Scope, uid: str) -> LoggedModel:
        """The model of this uid, deleted or not."""
        return self._one(
            scope, select(table).where(table.c.uid == uid, table.c.workspace_id == scope.workspace_id), uid
        )

    def lock(self, scope: Scope, uid: str) -> LoggedModel:
        """The model, held until the unit ends; SQLite's one writer holds everything."""
        query = select(table).where(table.c.uid == uid, table.c.workspace_id == scope.workspace_id)
        model = self._one(scope, query.with_for_update(key_share=True), uid)
        scope.require(model.experiment_id)
        return model

    def _one(self, scope: Scope, query: Select[Any], uid: str) -> LoggedModel:
        row = self._connection.execute(query).first()
        if row is None or scope.hides(row.experiment_id):
            raise NotFound(f"Logged model with ID '{uid}' not found.", field="model_id")
        return as_model(row)

    def update(
        self, scope: Scope, id: int, *, status: ModelStatus | None = None, status_message: str | None = None
    ) -> None:
        """Changes what is given."""
        given = {"status": status and status.value, "status_message": status_message}
        self._change(scope, id, **{column: value for column, value in given.items() if value is not None})

    def set_lifecycle(self, scope: Scope, id: int, lifecycle: Lifecycle) -> None:
        """The model is in this lifecycle."""
        deleted = self._unit.now_us() if lifecycle is Lifecycle.DELETED else None
        self._change(scope, id, lifecycle=lifecycle.value, deleted_us=deleted)

    def _change(self, scope: Scope, id: int, **values: Any) -> None:
        later = self._unit.delta.later(table.c.updated_us, self._unit.now_us())
        self._connection.execute(
            update(table)
            .where(table.c.workspace_id == scope.workspace_id, table.c.id == id)
            .values(updated_us=later, **values)
        )

    def search(
        self,
        scope: Scope,
        experiment_ids: Sequence[int],
        where: Expr | None,
        order: Sequence[Order],
        limit: int,
        token: str | None,
    ) -> Page[LoggedModel]:
        """A page of models that are not deleted."""
        experiment_ids = scope.open(experiment_ids)
        target = Target(table, scope.workspace_id, table.c.created_us, table.c.uid, contexts=True)
        compiler = Compiler(self._connection, self._unit.delta, target)
        query = select(table).where(
            table.c.workspace_id == scope.workspace_id,
            table.c.experiment_id.in_(list(experiment_ids)),
            table.c.lifecycle == Lifecycle.ACTIVE.value,
        )
        if where is not None:
            query = query.where(compiler.where(where))
        what = f"models {sorted(experiment_ids)} {where} {order}"
        rows, token = compiler.page(query, order, limit, token, what)
        return Page([as_model(row) for row in rows], token)
