"""Logged values in SQL: what is logged at a step and is no number."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, and_, delete, func, insert, select, tuple_

from assay.core.scope import Scope
from assay.core.tracking import LoggedValue, ValueKey
from assay.stores import schema

if TYPE_CHECKING:
    from assay.stores.unit import Unit

table = schema.logged_value


class ValueStore:
    """See `assay.ports.logged.Values`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def put(self, scope: Scope, owner_id: int, values: Sequence[LoggedValue]) -> None:
        """These values stand where they were logged; what stood there before is replaced."""
        if not values:
            return
        self._unit.runs.touch(scope, owner_id)
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
        order = (table.c.step, table.c.row, schema.key.c.name, table.c.context_id)
        query = _named().where(table.c.owner_id == owner_id).order_by(*order)
        return [_value(row) for row in self._connection.execute(query)]

    def page(
        self,
        scope: Scope,
        owner_id: int,
        key: str | None,
        after: tuple[int, int, int, int],
        limit: int,
        steps: tuple[int, int] | None = None,
    ) -> list[tuple[tuple[int, int, int, int], LoggedValue]]:
        """Values with their places, from the one after this place on."""
        order = (table.c.key_id, table.c.context_id, table.c.step, table.c.row)
        query = _named().where(table.c.owner_id == owner_id, tuple_(*order) > after)
        if key is not None:
            query = query.where(table.c.key_id == self._unit.keys.lookup(scope.workspace_id, [key]).get(key, 0))
        if steps is not None:
            query = query.where(table.c.step.between(*steps))
        rows = self._connection.execute(query.order_by(*order).limit(limit))
        return [((row.key_id, row.context_id, row.step, row.row), _value(row)) for row in rows]

    def keys(self, owner_id: int, limit: int) -> list[ValueKey]:
        """What kinds of values the owner has under which keys, by key."""
        key, context, step = schema.key, schema.context, table.c.step
        by = (key.c.name, table.c.context_id, table.c.kind)
        query = (
            select(*by, func.max(context.c.document), func.count(), func.min(step), func.max(step))
            .join(key, key.c.id == table.c.key_id)
            .outerjoin(context, context.c.id == table.c.context_id)
            .where(table.c.owner_id == owner_id)
            .group_by(*by)
        )
        return [
            ValueKey(name, json.loads(document) if document else None, kind, count, first, last)
            for name, _, kind, document, count, first, last in self._connection.execute(
                query.order_by(*by).limit(limit)
            )
        ]

    def steps(self, scope: Scope, owner_id: int, key: str, low: int, limit: int) -> list[int]:
        """The steps at which the owner has values under the key, from this one on, in order."""
        number = self._unit.keys.lookup(scope.workspace_id, [key]).get(key, 0)
        mine = table.c.owner_id == owner_id, table.c.key_id == number, table.c.step >= low
        return list(
            self._connection.scalars(select(table.c.step).where(*mine).distinct().order_by(table.c.step).limit(limit))
        )

    def within(self, scope: Scope, owner_id: int, context: Mapping[str, str], limit: int) -> list[LoggedValue]:
        """The owner's values in this context, by key, step and row."""
        context_id = self._unit.keys.find_context(scope.workspace_id, context)
        if context_id is None:
            return []
        order = (table.c.key_id, table.c.step, table.c.row)
        mine = _named().where(table.c.owner_id == owner_id, table.c.context_id == context_id)
        return [_value(row) for row in self._connection.execute(mine.order_by(*order).limit(limit))]

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


def _named() -> Select[Any]:
    """Values with the texts of their keys and contexts."""
    key, context = schema.key, schema.context
    return (
        select(table, key.c.name, context.c.document.label("context"))
        .join(key, key.c.id == table.c.key_id)
        .outerjoin(context, context.c.id == table.c.context_id)
    )


def _value(row: Any) -> LoggedValue:
    context = json.loads(row.context) if row.context else None
    return LoggedValue(row.name, row.step, row.row, row.time_us, row.kind, row.document, context)
