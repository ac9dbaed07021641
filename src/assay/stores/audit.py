"""The audit chain in SQL: records are only ever added, in the transaction of the act that they record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, union, update

from assay.core import audit
from assay.core.audit import Act, Entry, Head, Subject
from assay.core.checkpoints import Checkpoint, Key, Signed
from assay.core.checkpoints import decode as decode_checkpoint
from assay.core.scope import Scope
from assay.stores import schema

if TYPE_CHECKING:
    from assay.stores.unit import Unit

PAGE = 500
KEYS_BOUND = 10_000
head, record, detail_table = schema.audit_head, schema.audit_record, schema.audit_detail
checkpoint, key = schema.audit_checkpoint, schema.audit_key


class AuditStore:
    """See `assay.ports.aggregates.Audit`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def append(
        self, scope: Scope, act: Act, subjects: Sequence[Subject], detail: Mapping[str, Any], salt: bytes
    ) -> int:
        """The act is recorded under the next number, which is returned.

        The workspace's head is locked from here to the end of the unit, so this comes after all other locks.
        """
        before, last_us = self._lock_head(scope)
        text = audit.write_detail(detail)
        made = audit.following(
            before,
            workspace_id=scope.workspace_id,
            time_us=max(self._unit.now_us(), last_us),
            act=act.value,
            actor_id=scope.actor.id,
            how=scope.actor.how.value,
            subjects=subjects,
            salt=salt,
            detail=text,
        )
        data = audit.encode(made)
        mine = {"workspace_id": scope.workspace_id, "seq": made.seq}
        self._connection.execute(insert(record).values(**mine, record=data))
        self._connection.execute(insert(detail_table).values(**mine, salt=salt, detail=text))
        self._connection.execute(
            update(head)
            .where(head.c.workspace_id == scope.workspace_id)
            .values(seq=made.seq, digest=audit.digest(data))
        )
        return made.seq

    def _lock_head(self, scope: Scope) -> tuple[Head, int]:
        """The head, held until the unit ends, and the time of its record."""
        query = select(head.c.seq, head.c.digest).where(head.c.workspace_id == scope.workspace_id)
        row = self._connection.execute(query.with_for_update()).first()
        if row is None:
            first = self._unit.delta.insert(head).values(workspace_id=scope.workspace_id, seq=0, digest=audit.START)
            self._connection.execute(first.on_conflict_do_nothing())
            return self._lock_head(scope)  # ours, or that of who came first
        last = self._connection.execute(
            select(record.c.record).where(record.c.workspace_id == scope.workspace_id, record.c.seq == row.seq)
        ).scalar_one_or_none()
        try:
            last_us = 0 if last is None else audit.decode(last).time_us
        except ValueError:  # for `verify` to find; what is done now must be recorded all the same
            last_us = 0
        return Head(row.seq, row.digest), last_us

    def head(self, scope: Scope) -> Head:
        """Where the chain ends."""
        query = select(head.c.seq, head.c.digest).where(head.c.workspace_id == scope.workspace_id)
        row = self._connection.execute(query).first()
        return Head() if row is None else Head(row.seq, row.digest)

    def entries(self, scope: Scope, after: int = 0) -> Iterator[Entry]:
        """The records after this number, in order, with their details."""
        joined = record.outerjoin(
            detail_table,
            (detail_table.c.workspace_id == record.c.workspace_id) & (detail_table.c.seq == record.c.seq),
        )
        query = (
            select(record.c.seq, record.c.record, detail_table.c.salt, detail_table.c.detail)
            .select_from(joined)
            .where(record.c.workspace_id == scope.workspace_id)
            .order_by(record.c.seq)
            .limit(PAGE)
        )
        last: int | None = None
        while True:
            rows = self._connection.execute(query.where(record.c.seq > (after if last is None else last))).all()
            yield from (Entry(row.seq, row.record, row.salt, row.detail) for row in rows)
            if len(rows) < PAGE:
                return
            last = rows[-1].seq

    def workspaces(self) -> dict[int, str]:
        """The workspaces that have a chain, or checkpoints of one, by id, with their names as far as they have one."""
        names = schema.workspace
        ids = union(select(head.c.workspace_id), select(checkpoint.c.workspace_id)).subquery()
        query = select(ids.c.workspace_id, names.c.name).outerjoin(names, names.c.id == ids.c.workspace_id)
        rows = self._connection.execute(query.order_by(ids.c.workspace_id))
        return {row.workspace_id: row.name or str(row.workspace_id) for row in rows}

    def erase(self, scope: Scope, seqs: Sequence[int]) -> int:
        """The details of these records are gone, and their salts; how many there were."""
        mine = (detail_table.c.workspace_id == scope.workspace_id) & detail_table.c.detail.is_not(None)
        erased = 0
        for at in range(0, len(seqs), PAGE):
            some = mine & detail_table.c.seq.in_(seqs[at : at + PAGE])
            erased += self._connection.execute(update(detail_table).where(some).values(salt=None, detail=None)).rowcount
        return erased

    def checkpoints(self, scope: Scope) -> Iterator[Signed]:
        """The checkpoints of the chain, in order."""
        mine = select(checkpoint).where(checkpoint.c.workspace_id == scope.workspace_id)
        last = -1
        while True:  # a rotation signs a record a second time: all of one number are read at once
            rows = self._connection.execute(
                mine.where(checkpoint.c.seq > last).order_by(checkpoint.c.seq, checkpoint.c.key_id).limit(PAGE)
            ).all()
            whole = rows if len(rows) < PAGE else [row for row in rows if row.seq < rows[-1].seq] or rows
            yield from (Signed(row.checkpoint, row.signature) for row in whole)
            if len(rows) < PAGE:
                return
            last = whole[-1].seq

    def last_checkpoint(self, scope: Scope) -> Signed | None:
        """The newest one, if there is one."""
        mine = select(checkpoint).where(checkpoint.c.workspace_id == scope.workspace_id)
        rows = self._connection.execute(mine.order_by(checkpoint.c.seq.desc()).limit(PAGE)).all()
        newest = [Signed(row.checkpoint, row.signature) for row in rows if row.seq == rows[0].seq]
        return max(newest, key=_time_us, default=None)

    def add_checkpoint(self, scope: Scope, point: Checkpoint, signed: Signed) -> None:
        """The checkpoint is kept, once."""
        mine = {"workspace_id": scope.workspace_id, "seq": point.seq, "key_id": point.key_id}
        # Asked first: the trigger that refuses changes would refuse the conflict, too.
        known = select(checkpoint.c.seq).where(*(checkpoint.c[name] == value for name, value in mine.items()))
        if self._connection.execute(known).first() is None:
            new = self._unit.delta.insert(checkpoint).values(
                **mine, checkpoint=signed.checkpoint, signature=signed.signature
            )
            self._connection.execute(new.on_conflict_do_nothing())

    def public_keys(self) -> list[Key]:
        """The public keys that ever signed, the oldest first."""
        rows = self._connection.execute(select(key).order_by(key.c.since_us, key.c.id).limit(KEYS_BOUND))
        return [Key(row.id, row.public, row.since_us, row.previous_id, row.handover) for row in rows]

    def add_key(self, new: Key) -> None:
        """The key is known, once."""
        if self._connection.execute(select(key.c.id).where(key.c.id == new.id)).first() is None:
            row = self._unit.delta.insert(key).values(
                id=new.id,
                public=new.public,
                since_us=new.since_us,
                previous_id=new.previous_id,
                handover=new.handover,
            )
            self._connection.execute(row.on_conflict_do_nothing())


def _time_us(signed: Signed) -> int:
    try:
        return decode_checkpoint(signed.checkpoint).time_us
    except ValueError:  # for `verify` to find
        return -1
