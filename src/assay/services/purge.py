"""Deleting for good: what was deleted longer than a grace, in bounded transactions, each with its audit record."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from assay.core.audit import Act
from assay.core.purge import DAY_US, DEFAULT_EXPERIMENT_ID, GRACE_BOUND, GRACE_DAYS, Deletable, Kind, refuse
from assay.core.scope import Scope, Verb
from assay.ports.store import Store, UnitOfWork
from assay.services.audit import record
from assay.services.base import Service, authorise, check_text
from assay.wire.errors import Conflict, InvalidInput, InvalidState, NotFound

BATCH = 100  # things a transaction: writers wait no longer than that takes
LIMIT = 1_000  # things a call: its caller asks again for the rest
NAMED_BOUND = 1_000
REASON_BOUND = 2_000
RUN = re.compile(r"[0-9a-f]{32}\Z")
MODEL = re.compile(r"m-[0-9a-f]{32}\Z")
EXPERIMENT = re.compile(r"[0-9]{1,18}\Z")
ORDER = (Kind.RUN, Kind.MODEL, Kind.EXPERIMENT)


@dataclass(slots=True)
class Purged:
    """What a call did. `more`: the caller's limit was reached first; `left`: those named that are still there."""

    runs: int = 0
    models: int = 0
    experiments: int = 0
    more: bool = False
    left: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many things are gone."""
        return self.runs + self.models + self.experiments

    def count(self, kind: Kind, number: int) -> None:
        """So many more of a kind are gone."""
        setattr(self, f"{kind.value}s", getattr(self, f"{kind.value}s") + number)


@dataclass(frozen=True, slots=True)
class Order:
    """What a call asks for, checked. Things deleted after `before_us` are spared."""

    scope: Scope
    before_us: int
    limit: int
    grace_days: float
    reason: str


class PurgeService(Service):
    """Purging what is named, or all that is due."""

    def __init__(self, store: Store, new_salt: Callable[[], bytes]) -> None:
        super().__init__(store)
        self._new_salt = new_salt

    def purge(
        self,
        scope: Scope,
        ids: Sequence[str] | None = None,
        *,
        grace_days: float = GRACE_DAYS,
        reason: str = "",
        limit: int = LIMIT,
    ) -> Purged:
        """Deletes for good what was deleted longer than the grace: what is named, or everything (None).

        Runs are named by their ids, models by m-..., experiments by their numbers. What is named is checked as a
        whole before anything is purged; an experiment goes with all its runs, models, groups and datasets.

        Raises:
            PermissionDenied: The actor did not prove who it is.
            InvalidInput: An id, the grace or the limit is out of bounds.
            NotFound: A thing named does not exist, or is purged.
            InvalidState: A thing named is not deleted, or runs of an experiment named were restored.
            RuleViolation: A thing named was deleted more recently than the grace.
            Conflict: A thing was restored meanwhile; it stays, what came before it is gone.
        """
        authorise(scope, Verb.PURGE, "run, model or experiment")
        if not (math.isfinite(grace_days) and 0 <= grace_days <= GRACE_BOUND):
            raise InvalidInput(
                "The grace is out of bounds", field="grace_days", bound=GRACE_BOUND, remedy=f"give 0 to {GRACE_BOUND:g}"
            )
        if not 1 <= limit <= LIMIT:
            raise InvalidInput("The limit is out of bounds", field="limit", bound=LIMIT, remedy=f"give 1 to {LIMIT}")
        check_text("reason", reason, REASON_BOUND, blank=True)
        with self._store.read() as unit:
            before_us = unit.now_us() - int(grace_days * DAY_US)
        order = Order(scope, before_us, limit, grace_days, reason)
        return self._due(order) if ids is None else self._named(order, ids)

    def _due(self, order: Order) -> Purged:
        done = Purged()
        for kind in ORDER:
            after = -1
            while not done.more:
                size = 1 if kind is Kind.EXPERIMENT else max(1, min(BATCH, order.limit - done.total))
                with self._store.read() as unit:
                    ids = unit.purges.due(order.scope, kind, order.before_us, after, size)
                if not ids:
                    break
                if done.total >= order.limit:
                    done.more = True
                elif kind is Kind.EXPERIMENT:
                    self._experiment(order, ids[0], done, must=False)
                else:
                    done.count(kind, self._batch(order, kind, ids, must=False))
                after = ids[-1]
        return done

    def _named(self, order: Order, ids: Sequence[str]) -> Purged:
        found = self._checked(order, ids)
        done = Purged()
        for kind in ORDER:
            mine = [thing for thing in found if thing.kind is kind]
            size = 1 if kind is Kind.EXPERIMENT else BATCH
            for at in range(0, len(mine), size):
                some = mine[at : at + size]
                if done.total >= order.limit:
                    done.more = True
                elif kind is Kind.EXPERIMENT:
                    self._experiment(order, some[0].id, done, must=True)
                else:
                    done.count(kind, self._batch(order, kind, [thing.id for thing in some], must=True))
                if done.more:
                    done.left += [thing.uid for thing in some]
        return done

    def _checked(self, order: Order, ids: Sequence[str]) -> list[Deletable]:
        """The things named, all of which may be purged now."""
        if not ids or len(ids) > NAMED_BOUND:
            raise InvalidInput(
                f"{len(ids)} ids are named", field="ids", bound=NAMED_BOUND, remedy=f"name 1 to {NAMED_BOUND}"
            )
        names: dict[Kind, list[str]] = {kind: [] for kind in ORDER}
        for id in dict.fromkeys(ids):
            names[_kind_of(id)].append(str(int(id)) if EXPERIMENT.match(id) else id)
        found: list[Deletable] = []
        with self._store.read() as unit:
            for kind, uids in names.items():
                things = unit.purges.find(order.scope, kind, uids) if uids else []
                missing = sorted(set(uids) - {thing.uid for thing in things})
                if missing:
                    raise NotFound(f"There is no {kind} {missing[0]}", field="ids", remedy="it may be purged already")
                for thing in things:
                    if (refusal := refuse(thing, order.before_us)) is not None:
                        raise refusal
                    if kind is Kind.EXPERIMENT and unit.purges.spares(order.scope, thing.id, order.before_us):
                        raise _spared_within(thing.id)
                found += things
        return found

    def _batch(self, order: Order, kind: Kind, ids: Sequence[int], *, must: bool) -> int:
        """Purges those of the things that still may be, in one transaction; how many they were."""

        def work(unit: UnitOfWork) -> int:
            things = unit.purges.lock(order.scope, kind, ids)
            going = [thing for thing in things if refuse(thing, order.before_us) is None]
            if must and len(going) < len(ids):
                raise Conflict(
                    "Something named was restored or purged meanwhile", field="ids", remedy="look again, then retry"
                )
            self._erase(unit, order, kind, going)
            return len(going)

        return self._store.write(work)

    def _experiment(self, order: Order, id: int, done: Purged, *, must: bool) -> None:
        """Purges what lies in an experiment, then itself; stops with `more` at the limit."""
        if not must and id == DEFAULT_EXPERIMENT_ID:
            return
        for kind in (Kind.RUN, Kind.MODEL):
            while True:
                if done.total >= order.limit:
                    done.more = True
                    return
                count = self._store.write(partial(self._content, order=order, id=id, kind=kind, must=must))
                if count is None:
                    return
                done.count(kind, count)
                if count == 0:
                    break

        def last(unit: UnitOfWork) -> int:
            thing = self._locked(unit, order, id, must=must)
            if thing is None:
                return 0
            for kind in (Kind.RUN, Kind.MODEL):
                if unit.purges.within(order.scope, id, kind, 1):
                    raise _again(id)
            self._erase(unit, order, Kind.EXPERIMENT, [thing])
            return 1

        done.count(Kind.EXPERIMENT, self._store.write(last))

    def _content(self, unit: UnitOfWork, *, order: Order, id: int, kind: Kind, must: bool) -> int | None:
        """Purges a batch of what lies in the experiment; how many, or None if it may not be purged."""
        if self._locked(unit, order, id, must=must) is None:
            return None
        things = unit.purges.lock(order.scope, kind, unit.purges.within(order.scope, id, kind, BATCH))
        if kind is Kind.RUN and any(refuse(thing, order.before_us) for thing in things):
            if must:  # restored since we looked
                raise _again(id)
            return None
        self._erase(unit, order, kind, things)
        return len(things)

    def _locked(self, unit: UnitOfWork, order: Order, id: int, *, must: bool) -> Deletable | None:
        """The experiment, held and found to be purgeable with all its runs; else None, or the reason if it must be."""
        things = unit.purges.lock(order.scope, Kind.EXPERIMENT, [id])
        if not things:
            if must:
                raise _again(id)
            return None
        refusal = refuse(things[0], order.before_us)
        if refusal is None and unit.purges.spares(order.scope, id, order.before_us):
            refusal = _spared_within(id)
        if refusal is not None and must:
            raise refusal
        return things[0] if refusal is None else None

    def _erase(self, unit: UnitOfWork, order: Order, kind: Kind, things: Sequence[Deletable]) -> None:
        if not things:
            return
        unit.purges.erase(kind, [thing.id for thing in things])
        detail = {
            "grace_days": order.grace_days,
            "reason": order.reason,
            "things": [[str(thing.subject), thing.uid, thing.deleted_us] for thing in things],
        }
        record(unit, order.scope, Act.PURGE, [thing.subject for thing in things], detail, self._new_salt())


def _kind_of(id: str) -> Kind:
    for kind, pattern in ((Kind.RUN, RUN), (Kind.MODEL, MODEL), (Kind.EXPERIMENT, EXPERIMENT)):
        if pattern.match(id):
            return kind
    raise InvalidInput(
        f"{id[:100]!r} is no id",
        field="ids",
        remedy="name runs by 32 hex digits, models by m- and 32 hex digits, experiments by their numbers",
    )


def _spared_within(id: int) -> InvalidState:
    return InvalidState(
        f"Runs of the experiment {id} are not deleted, or were deleted more recently than the grace",
        field="ids",
        remedy="delete them and wait until the grace is over, or restore the experiment",
    )


def _again(id: int) -> Conflict:
    return Conflict(f"The experiment {id} was changed meanwhile", field="ids", remedy="look again, then retry")
