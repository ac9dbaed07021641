"""Experiments in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from assay.core.scope import Scope
from assay.core.search.ast import Expr, Order
from assay.core.tracking import Experiment, Lifecycle, Page, View
from assay.stores import schema
from assay.stores.search import Compiler, Target
from assay.wire.errors import AlreadyExists, NotFound

if TYPE_CHECKING:
    from assay.stores.unit import Unit

table, tags_table = schema.experiment, schema.experiment_tag


class ExperimentStore:
    """See `assay.ports.store.Experiments`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def add(self, scope: Scope, name: str, *, artifact_location: str | None, tags: Mapping[str, str]) -> Experiment:
        """Stores a new experiment under the next number ever given."""
        taken = self._connection.execute(
            select(table.c.lifecycle).where(table.c.workspace_id == scope.workspace_id, table.c.name == name)
        ).scalar_one_or_none()
        if taken is not None:
            raise AlreadyExists(
                f"Experiment(name={name}) already exists.",
                field="name",
                remedy="restore the deleted experiment or choose another name" if taken == "deleted" else "use it",
                details={"lifecycle": taken},
            )
        number = schema.counter
        self._connection.execute(update(number).where(number.c.name == "experiment").values(value=number.c.value + 1))
        id = self._connection.execute(select(number.c.value).where(number.c.name == "experiment")).scalar_one()
        now = self._unit.now_us()
        self._connection.execute(
            insert(table).values(
                id=id,
                workspace_id=scope.workspace_id,
                name=name,
                lifecycle=Lifecycle.ACTIVE.value,
                artifact_location=artifact_location,
                created_us=now,
                updated_us=now,
            )
        )
        if tags:
            self.set_tags(scope, id, tags)
        return Experiment(id, name, Lifecycle.ACTIVE, artifact_location, now, now, dict(tags))

    def get(self, scope: Scope, id: int) -> Experiment:
        """The experiment with its tags."""
        rows = list(
            self._connection.execute(select(table).where(table.c.workspace_id == scope.workspace_id, table.c.id == id))
        )
        if not rows or scope.hides(id):
            raise NotFound(f"No Experiment with id={id} exists", field="experiment_id")
        return self._filled(rows)[0]

    def lock(self, scope: Scope, id: int, *, shared: bool = False) -> Experiment:
        """The experiment, held until the unit ends; SQLite's one writer holds everything."""
        query = select(table.c.id).where(table.c.workspace_id == scope.workspace_id, table.c.id == id)
        self._connection.execute(query.with_for_update(read=shared, key_share=not shared))
        found = self.get(scope, id)
        scope.require(id)
        return found

    def by_name(self, scope: Scope, name: str) -> Experiment:
        """The experiment of this name."""
        rows = list(
            self._connection.execute(
                select(table).where(table.c.workspace_id == scope.workspace_id, table.c.name == name)
            )
        )
        if not rows or scope.hides(rows[0].id):
            raise NotFound(f"Could not find experiment with name '{name}'", field="experiment_name")
        return self._filled(rows)[0]

    def rename(self, scope: Scope, id: int, name: str) -> None:
        """The experiment has another name."""
        taken = self._connection.execute(
            select(table.c.id).where(table.c.workspace_id == scope.workspace_id, table.c.name == name)
        ).scalar_one_or_none()
        if taken is not None and taken != id:
            raise AlreadyExists(f"Experiment(name={name}) already exists.", field="name", remedy="choose another name")
        self._change(scope, id, name=name)

    def set_lifecycle(self, scope: Scope, id: int, lifecycle: Lifecycle) -> None:
        """The experiment is in this lifecycle; its runs are not touched."""
        deleted = self._unit.now_us() if lifecycle is Lifecycle.DELETED else None
        self._change(scope, id, lifecycle=lifecycle.value, deleted_us=deleted)

    def _change(self, scope: Scope, id: int, **values: Any) -> None:
        later = self._unit.delta.later(table.c.updated_us, self._unit.now_us())
        self._connection.execute(
            update(table)
            .where(table.c.workspace_id == scope.workspace_id, table.c.id == id)
            .values(updated_us=later, **values)
        )

    def set_tags(self, scope: Scope, id: int, tags: Mapping[str, str]) -> None:
        """These tags are set."""
        statement = self._unit.delta.insert(tags_table)
        statement = statement.on_conflict_do_update(
            index_elements=["experiment_id", "key"], set_={"value": statement.excluded.value}
        )
        if tags:
            self._connection.execute(
                statement, [{"experiment_id": id, "key": key, "value": tags[key]} for key in sorted(tags)]
            )

    def delete_tag(self, scope: Scope, id: int, key: str) -> bool:
        """Whether there was such a tag."""
        result = self._connection.execute(
            delete(tags_table).where(tags_table.c.experiment_id == id, tags_table.c.key == key)
        )
        return result.rowcount > 0

    def search(
        self, scope: Scope, view: View, where: Expr | None, order: Sequence[Order], limit: int, token: str | None
    ) -> Page[Experiment]:
        """A page of experiments."""
        compiler = Compiler(
            self._connection,
            self._unit.delta,
            Target(table, scope.workspace_id, table.c.created_us, table.c.id, tags_table),
        )
        query = select(table).where(table.c.workspace_id == scope.workspace_id)
        if closed := scope.closed:
            query = query.where(table.c.id.not_in(closed))
        if view is not View.ALL:
            deleted = table.c.lifecycle == Lifecycle.DELETED.value
            query = query.where(deleted if view is View.DELETED else ~deleted)
        if where is not None:
            query = query.where(compiler.where(where))
        rows, token = compiler.page(query, order, limit, token, f"experiments {view} {where} {order}")
        return Page(self._filled(rows), token)

    def _filled(self, rows: Sequence[Any]) -> list[Experiment]:
        tags: dict[int, dict[str, str]] = {row.id: {} for row in rows}
        for at in range(0, len(rows), 500):
            ids = [row.id for row in rows[at : at + 500]]
            for row in self._connection.execute(select(tags_table).where(tags_table.c.experiment_id.in_(ids))):
                tags[row.experiment_id][row.key] = row.value
        return [
            Experiment(
                row.id,
                row.name,
                Lifecycle(row.lifecycle),
                row.artifact_location,
                row.created_us,
                row.updated_us,
                tags[row.id],
            )
            for row in rows
        ]
