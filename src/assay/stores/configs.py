"""Config documents in SQL; `param` rows are their index."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from assay.core.config import Indexed
from assay.core.scope import Scope
from assay.stores import schema
from assay.stores.search import INDEXED

if TYPE_CHECKING:
    from assay.stores.unit import Unit

table = schema.run_config


class ConfigStore:
    """See `assay.ports.store.Configs`; who writes holds the run's lock."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def get(self, run_id: int) -> tuple[int, dict[str, Any]]:
        """The revision and the document; revision 0 and none if there never was one."""
        row = self._connection.execute(select(table).where(table.c.run_id == run_id)).first()
        return (0, {}) if row is None else (row.revision, json.loads(row.document))

    def put(
        self, scope: Scope, run_id: int, document: Mapping[str, Any], index: Mapping[str, Indexed], gone: set[str]
    ) -> int:
        """Stores the document under the next revision, which is returned, and its index; params `gone` are deleted."""
        self._unit.touched.heads.add(run_id)
        revision = self.get(run_id)[0] + 1
        statement = self._unit.delta.insert(table).values(
            run_id=run_id, revision=revision, document=json.dumps(document, ensure_ascii=False)
        )
        changed = {name: statement.excluded[name] for name in ("revision", "document")}
        self._connection.execute(statement.on_conflict_do_update(index_elements=["run_id"], set_=changed))
        param = schema.param
        ids = self._unit.keys.ids(scope.workspace_id, [*index, *sorted(gone - index.keys())])
        numbers = sorted(ids.values())
        for at in range(0, len(numbers), 500):
            these = param.c.key_id.in_(numbers[at : at + 500])
            self._connection.execute(delete(param).where(param.c.owner_id == run_id, these))
        rows = [
            {
                "owner_id": run_id,
                "key_id": ids[key],
                "value": leaf.text,
                "value_key": leaf.text[:INDEXED],
                "number": leaf.number,
                "origin": "defaulted" if leaf.defaulted else "set",
            }
            for key, leaf in index.items()
        ]
        if rows:
            self._connection.execute(insert(param), rows)
        return revision

    def copy(self, source_id: int, run_id: int) -> None:
        """The run, which has none yet, has the source's document and params."""
        self._unit.touched.heads.add(run_id)
        for origin, owner in ((table, "run_id"), (schema.param, "owner_id")):
            columns = [column for column in origin.c if column.name != owner]
            query = select(*columns).where(origin.c[owner] == source_id)
            rows = [{**row._mapping, owner: run_id} for row in self._connection.execute(query)]
            if rows:
                self._connection.execute(insert(origin), rows)
