"""Logged values in SQL: what is logged at a step and is no number."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, insert, select

from assay.core.scope import Scope
from assay.core.tracking import LoggedValue
from assay.stores import schema

if TYPE_CHECKING:
    from assay.stores.unit import Unit

table = schema.logged_value


class ValueStore:
    """See `assay.ports.store.Values`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def put(self, scope: Scope, owner_id: int, values: Sequence[LoggedValue]) -> None:
        """These values stand where they were logged; what stood there before is replaced."""
        if not values:
            return
        ids = self._unit.keys.ids(scope.workspace_id, [value.key for value in values])
        statement = self._unit.delta.insert(table)
        changed = {name: statement.excluded[name] for name in ("time_us", "kind", "document")}
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["owner_id", "key_id", "context_id", "step", "row"], set_=changed
            ),
            [
                {
                    "owner_id": owner_id,
                    "key_id": ids[value.key],
                    "context_id": self._unit.keys.context_id(scope.workspace_id, value.context),
                    "step": value.step,
                    "row": value.row,
                    "time_us": value.time_us,
                    "kind": value.kind,
                    "document": value.document,
                }
                for value in values
            ],
        )

    def all(self, owner_id: int) -> list[LoggedValue]:
        """The owner's values by step, row and key."""
        context = schema.context
        query = (
            select(table, schema.key.c.name, context.c.document.label("context"))
            .join(schema.key, schema.key.c.id == table.c.key_id)
            .outerjoin(context, context.c.id == table.c.context_id)
            .where(table.c.owner_id == owner_id)
            .order_by(table.c.step, table.c.row, schema.key.c.name, table.c.context_id)
        )
        return [
            LoggedValue(
                row.name,
                row.step,
                row.row,
                row.time_us,
                row.kind,
                row.document,
                json.loads(row.context) if row.context else None,
            )
            for row in self._connection.execute(query)
        ]

    def cut(self, owner_id: int, step: int) -> None:
        """What was logged after the step is gone."""
        self._connection.execute(delete(table).where(table.c.owner_id == owner_id, table.c.step > step))

    def copy(self, source_id: int, owner_id: int, step: int | None) -> None:
        """The owner has the source's values up to the step."""
        columns = [column for column in table.c if column.name != "owner_id"]
        these = and_(table.c.owner_id == source_id, *([] if step is None else [table.c.step <= step]))
        rows = [
            dict(row._mapping) | {"owner_id": owner_id}
            for row in self._connection.execute(select(*columns).where(these))
        ]
        if rows:
            self._connection.execute(insert(table), rows)
