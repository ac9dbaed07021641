"""Letting go of what is old, or too much: shown first, then done in bounded transactions, each recorded."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from assay.core.audit import Act, Subject
from assay.core.purge import DAY_US, Kind
from assay.core.retention import BYTES_BOUND, DAYS_BOUND, Policy, Rested, Why, plan
from assay.core.scope import Scope, Verb
from assay.core.tracking import Lifecycle
from assay.ports.store import Store, UnitOfWork
from assay.services.audit import record
from assay.services.base import Service, authorise
from assay.services.purge import PurgeService
from assay.wire.errors import InvalidInput

BATCH = 100  # runs a transaction: writers wait no longer than that takes
PAGE = 1_000
SHOWN = 1_000
REASON = "retention"


@dataclass(frozen=True, slots=True)
class Going:
    """A run that goes, and why."""

    uid: str
    why: Why
    since_us: int
    bytes: int


@dataclass(slots=True)
class Let:
    """What goes, or went if it was `applied`.

    Attributes:
        applied: Whether anything was done.
        runs: How many runs are deleted, until restored or purged.
        bytes: Of their files, which are deleted when the runs are purged and gc has come.
        held_bytes: Of the files of all runs before, each counted as often as it is used.
        purged: How many runs, models and experiments, deleted long ago, are deleted for good.
        first: Of the runs, those that have rested longest, at most a thousand.
    """

    applied: bool
    runs: int = 0
    bytes: int = 0
    held_bytes: int = 0
    purged: int = 0
    first: list[Going] = field(default_factory=list)


class RetentionService(Service):
    """One workspace's policy, looked at or carried out."""

    def __init__(self, store: Store, purges: PurgeService, new_salt: Callable[[], bytes]) -> None:
        super().__init__(store)
        self._purges = purges
        self._new_salt = new_salt

    def look(self, scope: Scope, policy: Policy) -> Let:
        """What would go now; nothing does.

        Raises:
            PermissionDenied: The actor may not purge here.
            InvalidInput: The policy says nothing, or is out of bounds.
        """
        going, let = self._planned(scope, policy)
        del going
        if policy.purge_days is not None:
            with self._store.read() as unit:
                before_us = unit.now_us() - int(policy.purge_days * DAY_US)
                let.purged = sum(_count_due(unit, scope, kind, before_us) for kind in Kind)
        return let

    def apply(self, scope: Scope, policy: Policy) -> Let:
        """What was to go is gone: runs until restored or purged, and for good what was deleted long ago.

        A run that is changed, tagged or restored meanwhile stays. Raises as `look`.
        """
        going, let = self._planned(scope, policy)
        let.applied, let.runs, let.bytes = True, 0, 0
        for at in range(0, len(going), BATCH):
            gone = self._delete(scope, policy, going[at : at + BATCH])
            let.runs += len(gone)
            let.bytes += sum(run.bytes for run in gone)
        if policy.purge_days is not None:
            while True:
                done = self._purges.purge(scope, grace_days=policy.purge_days, reason=REASON)
                let.purged += done.total
                if not done.more:
                    break
        return let

    def _planned(self, scope: Scope, policy: Policy) -> tuple[list[tuple[Rested, Why]], Let]:
        authorise(scope, Verb.PURGE, "run")
        _check(policy)
        runs: list[Rested] = []
        with self._store.read() as unit:
            now_us, held = unit.now_us(), unit.retention.held_bytes(scope)
            while found := unit.retention.rested(scope, runs[-1].id if runs else 0, PAGE):
                runs += found
        going = plan(runs, policy, now_us, held)
        shown = [Going(run.uid, why, run.since_us, run.bytes) for run, why in going[:SHOWN]]
        size = sum(run.bytes for run, _ in going)
        return going, Let(applied=False, runs=len(going), bytes=size, held_bytes=held, first=shown)

    def _delete(self, scope: Scope, policy: Policy, some: Sequence[tuple[Rested, Why]]) -> list[Rested]:
        """Deletes those of the runs that are as they were when it was decided."""
        order = sorted(some, key=lambda item: item[0].id)  # locks are taken in this order everywhere

        def work(unit: UnitOfWork) -> list[Rested]:
            found = unit.purges.lock(scope, Kind.RUN, [run.id for run, _ in order])
            now = {run.id: run for run in unit.retention.among(scope, [thing.id for thing in found])}
            gone = [(run, why) for run, why in order if now.get(run.id) == run]
            for run, _ in gone:
                unit.runs.set_lifecycle(scope, run.id, Lifecycle.DELETED)
            if gone:
                about = [Subject("run", run.id) for run, _ in gone]
                told = [[str(Subject("run", run.id)), run.uid, why.value] for run, why in gone]
                detail = {"policy": asdict(policy), "runs": told}
                record(unit, scope, Act.RETENTION, about, detail, self._new_salt())
            return [run for run, _ in gone]

        return self._store.write(work)


def _count_due(unit: UnitOfWork, scope: Scope, kind: Kind, before_us: int) -> int:
    count = last = 0
    while found := unit.purges.due(scope, kind, before_us, last, PAGE):
        count, last = count + len(found), found[-1]
    return count


def _check(policy: Policy) -> None:
    """Returns if the policy can be meant. Raises InvalidInput."""
    if policy.days is None and policy.max_bytes is None and policy.purge_days is None:
        raise InvalidInput(
            "The policy lets nothing go", field="days", remedy="give days, max_bytes or purge_days, or several of them"
        )
    for name, value in (("days", policy.days), ("purge_days", policy.purge_days)):
        if value is not None and not (math.isfinite(value) and 0 < value <= DAYS_BOUND):
            raise InvalidInput(
                f"{value} is no number of days",
                field=name,
                bound=DAYS_BOUND,
                remedy=f"give more than 0, to {DAYS_BOUND:g}",
            )
    if policy.max_bytes is not None and not 0 <= policy.max_bytes <= BYTES_BOUND:
        raise InvalidInput(
            f"{policy.max_bytes} is no number of bytes",
            field="max_bytes",
            bound=BYTES_BOUND,
            remedy=f"give 0 to {BYTES_BOUND}",
        )
