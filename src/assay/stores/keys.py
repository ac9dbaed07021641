"""Interned names: a key or a context is stored once a workspace and is a small number everywhere else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, insert, select

from assay.stores import schema

CHUNK = 500  # bound variables a statement


class Keys:
    """Looks names up and gives numbers to new ones, in one transaction.

    `known` is filled by whoever holds a cache of committed numbers; new ones are collected in `fresh`, for the cache
    to take over after the commit and never before.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.known: Mapping[tuple[int, str], int] = {}
        self.fresh: dict[tuple[int, str], int] = {}

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
            for name in sorted(set(missing) - stored.keys()):
                result = self._connection.execute(insert(schema.key).values(workspace_id=workspace_id, name=name))
                assert result.inserted_primary_key is not None
                stored[name] = int(result.inserted_primary_key[0])
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

    def context_id(self, workspace_id: int, context: Mapping[str, str] | None) -> int:
        """The number of a context, given if it had none; 0 for no context."""
        if not context:
            return 0
        document = json.dumps(dict(context), sort_keys=True, separators=(",", ":"))
        digest = hashlib.blake2b(document.encode(), digest_size=16).hexdigest()
        table = schema.context
        number = self._connection.execute(
            select(table.c.id).where(table.c.workspace_id == workspace_id, table.c.digest == digest)
        ).scalar_one_or_none()
        if number is None:
            result = self._connection.execute(
                insert(table).values(workspace_id=workspace_id, digest=digest, document=document)
            )
            assert result.inserted_primary_key is not None
            number = result.inserted_primary_key[0]
        return int(number)
