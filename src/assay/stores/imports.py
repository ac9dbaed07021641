"""Rows of foreign registries in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, tuple_

from assay.core.scope import Scope
from assay.core.tracking import ImportRow
from assay.stores import schema

if TYPE_CHECKING:
    from assay.stores.unit import Unit

table = schema.import_row


class ImportStore:
    """See `assay.ports.aggregates.Imports`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def put(self, scope: Scope, kind: str, source: str, name: str, document: str) -> bool:
        """The row holds this document; whether it is new."""
        known = {"workspace_id": scope.workspace_id, "kind": kind, "source": source, "name": name}
        mine = [table.c[column] == value for column, value in known.items()]
        new = self._connection.execute(select(table.c.kind).where(*mine)).first() is None
        statement = self._unit.delta.insert(table).values(**known, document=document, created_us=self._unit.now_us())
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=list(known), set_={"document": document})
        )
        return new

    def search(
        self, scope: Scope, kind: str | None, source: str | None, after: tuple[str, str, str] | None, limit: int
    ) -> list[ImportRow]:
        """Rows by kind, source and name, from the one after on."""
        query = select(table).where(table.c.workspace_id == scope.workspace_id)
        for column, wanted in ((table.c.kind, kind), (table.c.source, source)):
            if wanted is not None:
                query = query.where(column == wanted)
        order = (table.c.kind, table.c.source, table.c.name)
        if after is not None:
            query = query.where(tuple_(*order) > tuple_(*after))
        return [
            ImportRow(row.kind, row.source, row.name, row.document, row.created_us)
            for row in self._connection.execute(query.order_by(*order).limit(limit))
        ]
