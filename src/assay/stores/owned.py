"""Params and tags of runs and logged models in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from assay.core.config import Params, as_number
from assay.core.scope import Scope
from assay.core.tracking import OwnedByRun, Run
from assay.stores import schema
from assay.stores.search import INDEXED
from assay.wire.errors import ParamChanged

if TYPE_CHECKING:
    from assay.stores.unit import Unit

CHUNK = 500
AT_ONCE = 1_000  # owners whose rows are read by one statement
MOVING = "SELECT owner_id FROM metric_motion WHERE owner_id"


class OwnedStore:
    """See `assay.ports.owned.Owned`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def params(self, owner_ids: Sequence[int]) -> Params:
        """The params of each owner."""
        texts: dict[int, dict[str, str]] = defaultdict(dict)
        defaulted: dict[int, list[str]] = defaultdict(list)
        ask = "SELECT owner_id, key_id, value, origin = 'defaulted' FROM param WHERE owner_id"
        for rows, names in self._read(ask, owner_ids):
            for owner_id, number, value, was_defaulted in rows:
                texts[owner_id][names[number]] = value
                if was_defaulted:
                    defaulted[owner_id].append(names[number])
        return Params(texts, defaulted)

    def tags(self, owner_ids: Sequence[int]) -> dict[int, dict[str, str]]:
        """The tags of each owner, by key."""
        found: dict[int, dict[str, str]] = defaultdict(dict)
        for rows, names in self._read("SELECT owner_id, key_id, value FROM tag WHERE owner_id", owner_ids):
            for owner_id, number, value in rows:
                found[owner_id][names[number]] = value
        return found

    def of_runs(self, runs: Sequence[Run]) -> dict[int, OwnedByRun]:
        """See `assay.ports.owned.Owned`."""
        opened = self._unit.opened
        if opened is None:
            return self._of_runs([run.id for run in runs])
        moving = self._moving([run.id for run in runs])
        resting = [run for run in runs if run.id not in moving]
        found = opened.kept.get(resting)
        read = self._of_runs([run.id for run in runs if run.id not in found])
        if read:
            opened.kept.put(opened.since, self._unit.now_us(), [run for run in resting if run.id in read], read)
        return found | read

    def _moving(self, run_ids: Sequence[int]) -> set[int]:
        """Those that something was logged to of late, of which a row in `run` does not tell."""
        unit = self._unit
        found: set[int] = set()
        for at in range(0, len(run_ids), AT_ONCE):
            some = unit.delta.listed(run_ids[at : at + AT_ONCE])
            found.update(row[0] for row in unit.rows(f"{MOVING} {unit.delta.among}", [some]))
        return found

    def _of_runs(self, run_ids: Sequence[int]) -> dict[int, OwnedByRun]:
        if not run_ids:
            return {}
        params, tags, latest = self.params(run_ids), self.tags(run_ids), self._unit.points.latest(run_ids)
        return {
            id: OwnedByRun(params.texts.get(id, {}), tags.get(id, {}), latest.get(id, []), params.defaulted.get(id, []))
            for id in run_ids
        }

    def _read(self, ask: str, owner_ids: Sequence[int]) -> Iterator[tuple[list[Any], Mapping[int, str]]]:
        """Rows of some owners at a time, in the order of their keys' names, and these names by number."""
        unit = self._unit
        for at in range(0, len(owner_ids), AT_ONCE):
            some = unit.delta.listed(owner_ids[at : at + AT_ONCE])
            rows = unit.rows(f"{ask} {unit.delta.among}", [some])
            names = unit.keys.names({row[1] for row in rows})
            rank = {number: at for at, number in enumerate(names)}
            rows.sort(key=lambda row: rank[row[1]])
            yield rows, names

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
            self._unit.touched.heads.add(owner_id)
            self._connection.execute(insert(table), rows)

    def set_tags(self, scope: Scope, owner_id: int, tags: Mapping[str, str]) -> None:
        """These tags are set; others stay."""
        if not tags:
            return
        self._unit.touched.heads.add(owner_id)
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
        self._unit.touched.heads.add(owner_id)
        table = schema.tag
        result = self._connection.execute(delete(table).where(table.c.owner_id == owner_id, table.c.key_id == number))
        return result.rowcount > 0
