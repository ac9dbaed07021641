"""Use cases on many runs at once: each is changed or refused by itself, and what came of it is told of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from assay.core.scope import Scope, Verb
from assay.core.tracking import ENDED, NAME_TAG, PARENT_TAG, Lifecycle, Run
from assay.ports.store import UnitOfWork
from assay.services.base import Service, authorise, check_text
from assay.services.runs import KEY_BOUND, NAME_BOUND, TAG_BOUND, active
from assay.wire.errors import AssayError, InvalidInput, NotFound, PermissionDenied, RuleViolation

RUNS_BOUND = 1_000
TAGS_BOUND = 100
BATCH = 100  # runs of a transaction: others wait no longer than that takes


class Act(StrEnum):
    """What is done to each run."""

    TAG = "tag"
    DELETE = "delete"
    RESTORE = "restore"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run: the reason where it was refused, and is as it was."""

    uid: str
    error: AssayError | None = None


class BulkService(Service):
    """One act on many runs."""

    def apply(
        self, scope: Scope, uids: Sequence[str], act: Act, tags: Mapping[str, str | None] | None = None
    ) -> list[Outcome]:
        """What came of each run, in the order in which they are named; doing so twice is doing so once.

        Args:
            scope: Who asks, and where.
            uids: The runs; one that is named twice counts once.
            act: What is done to each.
            tags: Where the act is to tag: what is set; a tag of None is taken away.

        Raises:
            InvalidInput: Too many runs are named, or a tag is out of bounds. Nothing is changed.
        """
        authorise(scope, Verb.DELETE if act in (Act.DELETE, Act.RESTORE) else Verb.WRITE, "run")
        named = list(dict.fromkeys(uids))
        if not 1 <= len(named) <= RUNS_BOUND:
            raise InvalidInput(
                f"{len(named)} runs are named", field="ids", bound=RUNS_BOUND, remedy=f"name 1 to {RUNS_BOUND}"
            )
        for uid in named:
            check_text("ids", uid, KEY_BOUND)
        _check_tags(act, tags or {})
        found: dict[str, Outcome] = {}
        for at in range(0, len(named), BATCH):
            some = named[at : at + BATCH]

            def work(unit: UnitOfWork, some: Sequence[str] = some) -> list[Outcome]:
                # In the order of their ids, as everywhere: who locks several runs waits for nobody who waits for him.
                known = sorted((id, uid) for id, (uid, _) in unit.runs.beginnings(scope, some).items())
                return [_outcome(unit, scope, uid, act, tags or {}) for _, uid in known]

            found |= {item.uid: item for item in self._store.write(work)}
        missing = {uid: NotFound(f"Run with id={uid} not found", field="ids") for uid in named if uid not in found}
        return [found.get(uid) or Outcome(uid, missing[uid]) for uid in named]


def _outcome(unit: UnitOfWork, scope: Scope, uid: str, act: Act, tags: Mapping[str, str | None]) -> Outcome:
    """The run is changed; or it is refused before anything of it was."""
    try:
        run = unit.runs.lock(scope, uid)
        if act is Act.TAG:
            _tag(unit, scope, active(run), tags)
        elif act is Act.STOP:
            _stop(unit, scope, active(run))
        else:
            wanted = Lifecycle.DELETED if act is Act.DELETE else Lifecycle.ACTIVE
            if run.lifecycle is not wanted:
                unit.runs.set_lifecycle(scope, run.id, wanted)
    except (NotFound, PermissionDenied, RuleViolation) as error:
        return Outcome(uid, error)
    return Outcome(uid)


def _tag(unit: UnitOfWork, scope: Scope, run: Run, tags: Mapping[str, str | None]) -> None:
    sets = {key: value for key, value in tags.items() if value is not None}
    unit.owned.set_tags(scope, run.id, sets)
    if NAME_TAG in sets:
        unit.runs.update(scope, run.id, name=sets[NAME_TAG])
    if PARENT_TAG in tags:
        unit.runs.set_parent(scope, run.id, tags[PARENT_TAG])
    for key in tags.keys() - sets.keys():
        unit.owned.delete_tag(scope, run.id, key)
    unit.runs.touch(scope, run.id)


def _stop(unit: UnitOfWork, scope: Scope, run: Run) -> None:
    if run.stop_us is not None:
        return
    if run.status in ENDED:
        raise RuleViolation(
            f"The run {run.uid} is {run.status}", field="ids", remedy="stop runs that are scheduled or running"
        )
    unit.runs.stop(scope, run.id)


def _check_tags(act: Act, tags: Mapping[str, str | None]) -> None:
    if (act is Act.TAG) != bool(tags) or len(tags) > TAGS_BOUND:
        raise InvalidInput(
            f"{len(tags)} tags are given to {act}",
            field="tags",
            bound=TAGS_BOUND,
            remedy="give tags to tag, and only then",
        )
    for key, value in tags.items():
        check_text("tags key", key, KEY_BOUND)
        check_text("tags value", value or "", NAME_BOUND if key == NAME_TAG else TAG_BOUND, blank=True)
    if tags.get(NAME_TAG, "") is None:
        raise InvalidInput("The name cannot be taken away", field="tags", remedy="give another one")
