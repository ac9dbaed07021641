"""A store with a key that signs its chains, and somebody with the database's own tools."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from secrets import token_bytes
from typing import Any

from sqlalchemy import insert, select, update

from assay.core.audit import Act, Head, Record, Subject, decode, digest, encode
from assay.core.checkpoints import Account, examine, trusted
from assay.core.scope import HOME, Scope
from assay.services.audit import AuditService, record
from assay.services.care.anchors import Anchors, append
from assay.services.checkpoints import CheckpointService
from assay.services.signing import Ed25519, check
from assay.stores import schema

SCOPE = Scope(actor=HOME)
RECORD, HEAD = schema.audit_record, schema.audit_head


@dataclass
class Ring:
    """Keys that are held in memory, each of which is its number."""

    numbers: Iterable[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._next = iter(self.numbers)
        self.now = self._made()

    def _made(self) -> Ed25519:
        return Ed25519(f"key {next(self._next)}".encode())

    def signer(self) -> Ed25519:
        return self.now

    def replace(self) -> tuple[Ed25519, Callable[[], None]]:
        new = self._made()
        return new, lambda: setattr(self, "now", new)


@dataclass
class Sealing:
    """Short words for what is done to a chain."""

    store: Any
    place: Path
    ring: Ring = field(default_factory=Ring)

    def __post_init__(self) -> None:
        self.audit = AuditService(self.store, lambda: token_bytes(32))
        self.checkpoints = CheckpointService(self.store, self.ring, lambda: token_bytes(32))

    def act(self, count: int = 1, **detail: Any) -> None:
        """So many records more."""
        for number in range(count):
            about = [Subject("run", number)]
            self.store.write(lambda unit, about=about: record(unit, SCOPE, Act.PURGE, about, detail, token_bytes(32)))

    def seal(self) -> None:
        """A checkpoint is at the end of the chain, and in the place."""
        self.checkpoints.seal(SCOPE)
        self.keep()

    def keep(self) -> int:
        """The place has every checkpoint."""
        with self.store.read() as unit:
            return append(self.place, unit.audit)

    def account(self, *, elsewhere: bool = True, pins: tuple[bytes, ...] = ()) -> Account:
        """What verifying tells, with the checkpoints of the place."""
        kept = Anchors()
        if elsewhere:
            kept.read(self.place)
        with self.store.read() as unit:
            keys = trusted([*kept.keys, *unit.audit.public_keys()], pins, check)
            found = (unit.audit.entries(SCOPE), unit.audit.head(SCOPE), 1, unit.audit.checkpoints(SCOPE))
            return examine(*found, kept.signed if elsewhere else None, keys, check)

    def faults(self, **given: Any) -> list[tuple[int, str]]:
        """The faults, each with the record that shows it."""
        return [(item.seq, item.fault.value) for item in self.account(**given).findings]

    def unlock(self) -> None:
        """The triggers are gone: whoever owns the database can do that."""
        if self.store._engine.dialect.name == "sqlite":
            for table in ("audit_record", "audit_checkpoint", "audit_key"):
                for what in ("update", "delete", "replace"):
                    self.execute(f"DROP TRIGGER {table}_refuses_{what}")
        else:
            for table in ("audit_record", "audit_checkpoint", "audit_key"):
                self.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")

    def execute(self, statement: Any) -> None:
        """A statement of somebody with the database's own tools."""
        with self.store._engine.execution_options(assay_write=True).begin() as connection:
            if isinstance(statement, str):
                connection.exec_driver_sql(statement)
            else:
                connection.execute(statement)

    def records(self) -> list[Record]:
        """The chain as it is."""
        with self.store.read() as unit:
            rows = unit.connection.execute(select(RECORD.c.record).order_by(RECORD.c.seq)).all()
        return [decode(row.record) for row in rows]

    def rewrite(self, records: list[Record]) -> None:
        """The chain is these records, each linked to the one before, with a head that agrees: no fault by itself."""
        self.execute(RECORD.delete())
        head = Head()
        for item in records:
            data = encode(relinked(item, head))
            head = Head(head.seq + 1, digest(data))
            self.execute(insert(RECORD).values(workspace_id=1, seq=head.seq, record=data))
        self.execute(update(HEAD).values(seq=head.seq, digest=head.digest))


def relinked(item: Record, head: Head) -> Record:
    """The record as it would follow this head."""
    return replace(item, seq=head.seq + 1, previous=head.digest)
