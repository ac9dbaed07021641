"""Use cases for who follows what happens: which runs have changed since he last asked."""

from __future__ import annotations

from collections.abc import Sequence

from assay.core.scope import Scope, Verb
from assay.core.tracking import Change
from assay.services.base import Service, authorise
from assay.wire.errors import InvalidInput

# A change carries the time at which its transaction began, and is seen when that has ended: what began so much before
# the last answer is told again, so that nothing slow is missed.
OVERLAP_US = 10 * 1_000_000
PAGE_BOUND = 1_000


class ChangesService(Service):
    """Follow runs, without a table of changes: runs and motions carry the time of their last one."""

    def since(self, scope: Scope, position: str | None, limit: int = PAGE_BOUND) -> tuple[Sequence[Change], str]:
        """Runs that changed after the position, or whose points did, oldest change first; and the next position.

        A change may be told several times, a later one of the same run stands for those before it, and nothing is told
        of what a run no longer has, such as runs that were purged. With fewer than `limit` changes that is all for
        now. Without a position, none are told: it is now.

        Raises:
            InvalidInput: The position is none.
        """
        authorise(scope, Verb.READ, "run")
        limit = max(1, min(limit, PAGE_BOUND))
        after = None if position is None else _place(position)
        with self._store.read() as unit:
            now_us = unit.now_us()
            found = [] if after is None else unit.runs.changed(scope, *after, limit)
        changes = [Change(uid, at_us) for at_us, _, uid in found]
        if len(found) == limit:
            at_us, id, _ = found[-1]
            return changes, f"{at_us}.{id}"
        return changes, f"{max(now_us - OVERLAP_US, 0)}.0"


def _place(position: str) -> tuple[int, int]:
    parts = position.split(".")
    if len(parts) != 2 or not all(part.isascii() and part.isdecimal() and len(part) <= 18 for part in parts):
        raise InvalidInput(
            f"{position[:100]!r} is no position",
            field="position",
            remedy="send the position of the answer before, or none to begin now",
        )
    return int(parts[0]), int(parts[1])
