"""Leases of recurring work in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from assay.stores import schema

if TYPE_CHECKING:
    from assay.stores.unit import Unit

job = schema.job


class JobStore:
    """See `assay.ports.jobs.JobRows`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def claim(self, kind: str, key: str, holder: str, lease_us: int) -> bool:
        """Whether the job was due and is now the holder's, until the lease ends."""
        now = self._unit.now_us()
        new = {"kind": kind, "key": key, "due_us": 0, "lease_until_us": 0, "holder": "", "attempt": 0}
        self._unit.connection.execute(self._unit.delta.insert(job).values(**new).on_conflict_do_nothing())
        free = job.c.kind == kind, job.c.key == key, job.c.due_us <= now, job.c.lease_until_us <= now
        taken = {"holder": holder, "lease_until_us": now + lease_us, "attempt": job.c.attempt + 1}
        return self._unit.connection.execute(update(job).where(*free).values(**taken)).rowcount == 1

    def done(self, kind: str, key: str, holder: str, after_us: int) -> None:
        """The job is due again after this time."""
        values = {"due_us": self._unit.now_us() + after_us, "lease_until_us": 0, "holder": "", "attempt": 0}
        mine = job.c.kind == kind, job.c.key == key, job.c.holder == holder
        self._unit.connection.execute(update(job).where(*mine).values(**values))
