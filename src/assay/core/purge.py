"""What may be purged: the rule, without a database."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from assay.core.audit import Subject
from assay.core.tracking import Lifecycle
from assay.wire.errors import AssayError, InvalidState, RuleViolation

DAY_US = 24 * 3_600 * 1_000_000
GRACE_DAYS = 30.0
GRACE_BOUND = 36_500.0
DEFAULT_EXPERIMENT_ID = 0


class Kind(StrEnum):
    """What can be purged."""

    RUN = "run"
    MODEL = "model"
    EXPERIMENT = "experiment"


@dataclass(frozen=True, slots=True)
class Deletable:
    """A thing, and since when it is deleted. `uid` is what clients call it."""

    kind: Kind
    id: int
    uid: str
    lifecycle: Lifecycle
    deleted_us: int | None

    @property
    def subject(self) -> Subject:
        """The thing in the audit chain."""
        return Subject(self.kind.value, self.id)


def refuse(thing: Deletable, before_us: int) -> AssayError | None:
    """Why the thing may not be purged, or None: it must have been deleted at `before_us` or earlier."""
    if thing.lifecycle is not Lifecycle.DELETED or thing.deleted_us is None:
        return InvalidState(
            f"The {thing.kind} {thing.uid} is not deleted", field="ids", remedy="delete it first; that can be undone"
        )
    if thing.deleted_us > before_us:
        return RuleViolation(
            f"The {thing.kind} {thing.uid} was deleted more recently than the grace",
            field="grace_days",
            remedy="wait until the grace is over, or give a shorter one",
        )
    if thing.kind is Kind.EXPERIMENT and thing.id == DEFAULT_EXPERIMENT_ID:
        return InvalidState(
            "Experiment 0 stays: clients that name no experiment log to it",
            field="ids",
            remedy="purge its runs, or leave it deleted",
        )
    return None
