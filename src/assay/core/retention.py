"""What may go because it is old, or because there is too much: the rule, without a database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from assay.core.purge import DAY_US

KEEP = "keep"  # a run with this tag, whatever its value, is kept
DAYS_BOUND = 36_500.0
BYTES_BOUND = 1 << 60


class Why(StrEnum):
    """The reason for which a run goes."""

    AGE = "age"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class Policy:
    """What is kept; None: for this reason nothing goes.

    Attributes:
        days: Runs that have rested for longer are deleted, until restored or purged.
        max_bytes: While the files of all runs are more than this, the run that has rested longest is deleted.
        purge_days: What was deleted longer ago is deleted for good.
    """

    days: float | None = None
    max_bytes: int | None = None
    purge_days: float | None = None


@dataclass(frozen=True, slots=True)
class Rested:
    """A run that has ended and is not deleted.

    Attributes:
        id: Of the run.
        uid: What clients call it.
        since_us: When it ended or was last changed, whichever is later: a run that was imported today is not old.
        bytes: Of its files.
        kept: Whether it must stay: it has the tag, or a model that is not deleted came from it.
    """

    id: int
    uid: str
    since_us: int
    bytes: int
    kept: bool


def plan(runs: Iterable[Rested], policy: Policy, now_us: int, held_bytes: int) -> list[tuple[Rested, Why]]:
    """The runs that go, those that have rested longest first; of equal ones, the smaller id.

    Args:
        runs: All that rest.
        policy: What is kept.
        now_us: Now.
        held_bytes: Of the files of all runs, also of those that do not rest.
    """
    order = sorted((run for run in runs if not run.kept), key=lambda run: (run.since_us, run.id))
    going: list[tuple[Rested, Why]] = []
    staying = order
    if policy.days is not None:
        before_us = now_us - int(policy.days * DAY_US)
        going = [(run, Why.AGE) for run in order if run.since_us < before_us]
        staying = order[len(going) :]
    left = held_bytes - sum(run.bytes for run, _ in going)
    for run in staying:
        if policy.max_bytes is None or left <= policy.max_bytes:
            break
        if run.bytes:
            going.append((run, Why.SIZE))
            left -= run.bytes
    return going
