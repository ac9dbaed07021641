"""Use cases on what many runs say together: what a page completes, counts and scales its axes by.

Each answer is bounded in runs and in time: the newest runs count first, and it says of how many it speaks.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from assay.core.scope import Scope, Verb
from assay.core.search.ast import Expr
from assay.core.statistics import Activity, Counted, KeyCount, KeyKind, Seen, Spread, ValueCount
from assay.core.tracking import View
from assay.ports.store import Store, UnitOfWork
from assay.services.base import Service, authorise, check_search, check_text
from assay.wire.errors import InvalidInput

DAY_US = 24 * 3_600 * 1_000_000
DAYS_BOUND = 366
RUNS_BOUND = 100_000  # that are looked at
COUNT_BOUND = 1_000_000
PAGE_BOUND = 10_000
KEY_BOUND = 250
PREFIX_BOUND = 200  # as much of a text is indexed
TIME_S = 1.0  # after which no more runs are looked at
FIRST, MOST, QUICK_S = 200, 5_000, 0.05  # runs of a slice, which grow while one takes no longer
T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")


class Walk:
    """Slices of the newest runs, as many as fit into the time. It knows of how many it has come to speak."""

    def __init__(self, ids: Sequence[int], now_s: Callable[[], float]) -> None:
        self._ids = ids
        self._now_s = now_s
        self._end_s = now_s() + TIME_S
        self._done = 0

    def __iter__(self) -> Iterator[Sequence[int]]:
        size, most = FIRST, min(len(self._ids), RUNS_BOUND)
        while self._done < most and (self._done == 0 or self._now_s() < self._end_s):
            began_s = self._now_s()
            some = self._ids[self._done : min(self._done + size, most)]
            self._done += len(some)
            yield some
            if self._now_s() - began_s < QUICK_S:
                size = min(2 * size, MOST)

    @property
    def seen(self) -> Seen:
        """Of how many runs the slices spoke, and whether these are all."""
        return Seen(self._done, self._done == len(self._ids))


class StatisticsService(Service):
    """Keys, values, ranges and counts.

    Args:
        store: Where the runs are.
        now_s: A clock that is never set back.
    """

    def __init__(self, store: Store, now_s: Callable[[], float]) -> None:
        super().__init__(store)
        self._now_s = now_s

    def count(
        self, scope: Scope, experiment_ids: Sequence[int], *, view: View = View.ACTIVE, where: Expr | None = None
    ) -> Seen:
        """How many runs a search finds, and whether these are all: it counts to `COUNT_BOUND`."""
        authorise(scope, Verb.READ, "run")
        check_search(experiment_ids, ())
        with self._store.read() as unit:
            found = unit.statistics.count(scope, experiment_ids, view, where, COUNT_BOUND + 1)
        return Seen(min(found, COUNT_BOUND), found <= COUNT_BOUND)

    def keys(
        self,
        scope: Scope,
        experiment_ids: Sequence[int],
        *,
        view: View = View.ACTIVE,
        kinds: Sequence[KeyKind] = tuple(KeyKind),
        prefix: str = "",
        limit: int = PAGE_BOUND,
        after: str | None = None,
    ) -> Counted[KeyCount]:
        """A page of the keys of these kinds that begin so, in their order, with the number of runs that have each.

        Raises:
            InvalidInput: The prefix is no text of a key, or `after` no token of a page.
        """
        check_text("prefix", prefix, KEY_BOUND, blank=True)
        last = None if after is None else _place(after, (str, str))
        with self._store.read() as unit:
            walk = self._walk(unit, scope, experiment_ids, view)
            numbers: dict[KeyKind, Counter[int]] = {kind: Counter() for kind in kinds}
            for some in walk:
                for kind, counter in numbers.items():
                    counter.update(unit.statistics.keys(kind, some))
            names = unit.keys.names({number for counter in numbers.values() for number in counter})
        found = sorted(
            (names[number], kind.value, count)
            for kind, counter in numbers.items()
            for number, count in counter.items()
            if names[number].startswith(prefix)
        )
        found = [item for item in found if last is None or item[:2] > last]
        items = [KeyCount(KeyKind(kind), name, count) for name, kind, count in found]
        return _page(items, limit, lambda item: (item.key, item.kind.value), walk.seen)

    def values(
        self,
        scope: Scope,
        experiment_ids: Sequence[int],
        kind: KeyKind,
        key: str,
        *,
        view: View = View.ACTIVE,
        prefix: str = "",
        limit: int = PAGE_BOUND,
        after: str | None = None,
    ) -> Counted[ValueCount]:
        """A page of the texts under a param's or tag's key that begin so, in their order, with the number of runs.

        Raises:
            InvalidInput: The kind is a metric, a text is out of bounds, or `after` is no token of a page.
        """
        check_text("key", key, KEY_BOUND)
        check_text("prefix", prefix, PREFIX_BOUND, blank=True)
        if kind is KeyKind.METRIC:
            raise InvalidInput("A metric has a range, and no texts", field="kind", remedy="ask for param or tag")
        last = None if after is None else _place(after, (str, bool))
        found: Counter[tuple[str, bool]] = Counter()
        with self._store.read() as unit:
            walk = self._walk(unit, scope, experiment_ids, view)
            key_id = unit.keys.lookup(scope.workspace_id, [key]).get(key)
            for some in walk:
                if key_id is not None:
                    found.update(unit.statistics.values(kind, key_id, prefix, some))
        items = [
            ValueCount(text, count, whole)
            for (text, whole), count in sorted(found.items(), key=lambda item: _of(*item[0]))
            if last is None or _of(text, whole) > _of(*last)
        ]
        return _page(items, limit, lambda item: (item.value, item.whole), walk.seen)

    def spread(
        self, scope: Scope, experiment_ids: Sequence[int], key: str, *, view: View = View.ACTIVE
    ) -> tuple[Spread, Seen]:
        """The range of a metric that was logged without a context. Raises InvalidInput for what is no key."""
        check_text("key", key, KEY_BOUND)
        found = Spread()
        with self._store.read() as unit:
            walk = self._walk(unit, scope, experiment_ids, view)
            key_id = unit.keys.lookup(scope.workspace_id, [key]).get(key)
            for some in walk:
                if key_id is not None:
                    found = found.with_(unit.statistics.spread(key_id, some))
        return found, walk.seen

    def activity(self, scope: Scope, experiment_ids: Sequence[int], now_us: int, days: int) -> Mapping[int, Activity]:
        """What goes on in those of the experiments that have runs; runs that began in each of the last days."""
        authorise(scope, Verb.READ, "run")
        check_search(experiment_ids, ())
        days = max(1, min(days, DAYS_BOUND))
        with self._store.read() as unit:
            since_us = now_us - days * DAY_US
            return unit.statistics.activity(scope, experiment_ids, since_us, now_us, DAY_US)

    def _walk(self, unit: UnitOfWork, scope: Scope, experiment_ids: Sequence[int], view: View) -> Walk:
        authorise(scope, Verb.READ, "run")
        check_search(experiment_ids, ())
        return Walk(unit.statistics.newest(scope, experiment_ids, view, RUNS_BOUND + 1), self._now_s)


def _of(text: str, whole: bool) -> tuple[str, bool]:
    """Where a text stands: before those that are longer and begin so."""
    return text, not whole


def _page(items: Sequence[T], limit: int, place: Callable[[T], Sequence[object]], seen: Seen) -> Counted[T]:
    limit = max(1, min(limit, PAGE_BOUND))
    token = None
    if len(items) > limit:
        packed = json.dumps(place(items[limit - 1])).encode()
        token = base64.urlsafe_b64encode(packed).decode()
    return Counted(items[:limit], token, seen)


def _place(token: str, kinds: tuple[type[A], type[B]]) -> tuple[A, B]:
    try:
        found = json.loads(base64.urlsafe_b64decode(token.encode()))
        if isinstance(found, list) and tuple(map(type, found)) == kinds:
            return found[0], found[1]
    except (ValueError, RecursionError):
        pass
    raise InvalidInput(
        f"{token[:100]!r} is no token of a page", field="after", remedy="send the token of the page before"
    )
