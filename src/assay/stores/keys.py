"""Interned names: a key or a context is stored once a workspace and is a small number everywhere else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, select

from assay.stores import schema
from assay.stores.delta import Delta

CHUNK = 500  # bound variables a statement
Rows = list[dict[str, Any]]
Intern = Callable[[Any, Rows], None]


class Keys:
    """Looks names up and gives numbers to new ones.

    `known` is filled by whoever holds a cache of committed numbers; new ones are collected in `fresh`, for the cache
    to take over after the commit and never before.

    Args:
        connection: Where names are looked up.
        delta: Its engine.
        check: Raises QuotaExceeded if a workspace may not have so many more keys.
        intern: Stores rows of a table in a transaction of its own, so that nobody who holds locks on runs waits for a
            name that another such has just given. None: in this transaction, where there is only one writer.
    """

    def __init__(
        self, connection: Connection, delta: Delta, check: Callable[[int, int], None], intern: Intern | None
    ) -> None:
        self._connection = connection
        self._delta = delta
        self._check = check
        self._intern = intern or self._insert
        self.known: Mapping[tuple[int, str], int] = {}
        self.fresh: dict[tuple[int, str], int] = {}
        self._names: dict[int, str] = {}  # what a number means never changes

    def _insert(self, table: Any, rows: Rows) -> None:
        self._connection.execute(self._delta.insert(table).on_conflict_do_nothing(), rows)

    def ids(self, workspace_id: int, names: Iterable[str]) -> dict[str, int]:
        """The numbers of all these names, given where they had none."""
        found: dict[str, int] = {}
        missing: list[str] = []
        for name in names:
            number = self.known.get((workspace_id, name)) or self.fresh.get((workspace_id, name))
            if number is None:
                missing.append(name)
            else:
                found[name] = number
        if missing:
            stored = self.lookup(workspace_id, missing)
            new = sorted(set(missing) - stored.keys())
            if new:
                self._check(workspace_id, len(new))
                self._intern(schema.key, [{"workspace_id": workspace_id, "name": name} for name in new])
                stored.update(self.lookup(workspace_id, new))
            self.fresh.update({(workspace_id, name): number for name, number in stored.items()})
            found.update(stored)
        return found

    def lookup(self, workspace_id: int, names: Iterable[str]) -> dict[str, int]:
        """The numbers of those names that have one."""
        key, wanted = schema.key, list(names)
        found: dict[str, int] = {}
        for at in range(0, len(wanted), CHUNK):
            query = select(key.c.name, key.c.id).where(
                key.c.workspace_id == workspace_id, key.c.name.in_(wanted[at : at + CHUNK])
            )
            found.update({row.name: row.id for row in self._connection.execute(query)})
        return found

    def names(self, numbers: Iterable[int]) -> dict[int, str]:
        """The names that have these numbers, in the order of the names."""
        wanted = set(numbers)
        if missing := sorted(wanted - self._names.keys()):
            self._names.update(self._read("SELECT id, name FROM key WHERE id", missing))
        known = ((number, self._names[number]) for number in wanted if number in self._names)
        return dict(sorted(known, key=itemgetter(1)))

    def documents(self, numbers: Iterable[int]) -> dict[int, dict[str, str]]:
        """The contexts that have these numbers; 0, which is no context, is none of them."""
        found = self._read("SELECT id, document FROM context WHERE id", sorted(set(numbers) - {0}))
        return {number: json.loads(document) for number, document in found.items()}

    def _read(self, ask: str, numbers: list[int]) -> dict[int, str]:
        """Texts by number, by the driver itself: every listing asks for them."""
        if not numbers:
            return {}
        delta, raw = self._delta, self._connection.connection.driver_connection
        assert raw is not None
        cursor = raw.cursor()
        cursor.execute(delta.sql(f"{ask} {delta.among}"), [delta.listed(numbers)])
        return dict(cursor.fetchall())

    def context_id(self, workspace_id: int, context: Mapping[str, str] | None) -> int:
        """The number of a context, given if it had none; 0 for no context."""
        number = self.find_context(workspace_id, context)
        if number is None:
            document, digest = _canonical(context or {})
            row = {"workspace_id": workspace_id, "digest": digest, "document": document}
            self._intern(schema.context, [row])
            number = self.find_context(workspace_id, context)
            assert number is not None
        return number

    def find_context(self, workspace_id: int, context: Mapping[str, str] | None) -> int | None:
        """The number of a context, if it has one; 0 for no context."""
        if not context:
            return 0
        table = schema.context
        return self._connection.execute(
            select(table.c.id).where(table.c.workspace_id == workspace_id, table.c.digest == _canonical(context)[1])
        ).scalar_one_or_none()


def _canonical(context: Mapping[str, str]) -> tuple[str, str]:
    document = json.dumps(dict(context), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return document, hashlib.blake2b(document.encode(), digest_size=16).hexdigest()
