"""Params and tags of runs and logged models in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, delete, insert, select

from assay.core.config import as_number
from assay.core.scope import Scope
from assay.stores import schema
from assay.stores.search import INDEXED
from assay.wire.errors import ParamChanged

if TYPE_CHECKING:
    from assay.stores.unit import Unit

CHUNK = 500


class OwnedStore:
    """See `assay.ports.store.Owned`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def params(self, owner_ids: Sequence[int]) -> dict[int, dict[str, str]]:
        """The params of each owner, by key."""
        return self._read(schema.param, owner_ids)

    def tags(self, owner_ids: Sequence[int]) -> dict[int, dict[str, str]]:
        """The tags of each owner, by key."""
        return self._read(schema.tag, owner_ids)

    def _read(self, table: Table, owner_ids: Sequence[int]) -> dict[int, dict[str, str]]:
        found: dict[int, dict[str, str]] = {}
        for at in range(0, len(owner_ids), CHUNK):
            query = (
                select(table.c.owner_id, schema.key.c.name, table.c.value)
                .join(schema.key, schema.key.c.id == table.c.key_id)
                .where(table.c.owner_id.in_(owner_ids[at : at + CHUNK]))
                .order_by(table.c.owner_id, schema.key.c.name)
            )
            for owner_id, name, value in self._connection.execute(query):
                found.setdefault(owner_id, {})[name] = value
        return found

    def insert_params(self, scope: Scope, owner_id: int, params: Mapping[str, str]) -> None:
        """Adds params that never change."""
        if not params:
            return
        ids = self._unit.keys.ids(scope.workspace_id, params)
        table = schema.param
        names = {number: name for name, number in ids.items()}
        stored: dict[str, str] = {}
        numbers = sorted(names)
        for at in range(0, len(numbers), CHUNK):
            query = select(table.c.key_id, table.c.value).where(
                table.c.owner_id == owner_id, table.c.key_id.in_(numbers[at : at + CHUNK])
            )
            stored.update({names[row.key_id]: row.value for row in self._connection.execute(query)})
        changes = [
            {"key": key, "old_value": stored[key], "new_value": value}
            for key, value in params.items()
            if key in stored and stored[key] != value
        ]
        if changes:
            raise ParamChanged(
                "Changing param values is not allowed: " + ", ".join(change["key"] for change in changes),
                field="params",
                remedy="log under another key, or start a new run",
                details={"changes": changes},
            )
        rows = [
            {
                "owner_id": owner_id,
                "key_id": ids[key],
                "value": value,
                "value_key": value[:INDEXED],
                "number": as_number(value),
                "origin": "set",
            }
            for key, value in params.items()
            if key not in stored
        ]
        if rows:
            self._connection.execute(insert(table), rows)

    def set_tags(self, scope: Scope, owner_id: int, tags: Mapping[str, str]) -> None:
        """These tags are set; others stay."""
        if not tags:
            return
        ids = self._unit.keys.ids(scope.workspace_id, tags)
        statement: Any = self._unit.delta.insert(schema.tag)
        statement = statement.on_conflict_do_update(
            index_elements=["owner_id", "key_id"],
            set_={"value": statement.excluded.value, "value_key": statement.excluded.value_key},
        )
        self._connection.execute(
            statement,
            [
                {"owner_id": owner_id, "key_id": ids[key], "value": value, "value_key": value[:INDEXED]}
                for key, value in tags.items()
            ],
        )

    def delete_tag(self, scope: Scope, owner_id: int, key: str) -> bool:
        """Whether there was such a tag."""
        number = self._unit.keys.lookup(scope.workspace_id, [key]).get(key)
        if number is None:
            return False
        table = schema.tag
        result = self._connection.execute(delete(table).where(table.c.owner_id == owner_id, table.c.key_id == number))
        return result.rowcount > 0
