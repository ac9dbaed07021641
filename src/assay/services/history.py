"""Use cases on the history of metrics."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from assay.core.points.columns import Points
from assay.core.rows import Row, rows
from assay.core.scope import Scope, Verb
from assay.core.tracking import LoggedValue, Page
from assay.services.base import Service, authorise
from assay.wire.errors import InvalidInput

VALUES_BOUND = 10_000  # of a page
VALUES_AT_ONCE = 100  # that are read together
DOCUMENTS_BOUND = 16 << 20  # characters of a page
LOWEST = -(1 << 63)
FIRST = (0, 0, LOWEST, LOWEST)


class HistoryService(Service):
    """Whole histories, and samples of them."""

    def history(self, scope: Scope, uid: str, key: str, *, context: Mapping[str, str] | None = None) -> Points:
        """All points of one series ordered by (step, time, value). Raises NotFound for an unknown run."""
        authorise(scope, Verb.READ, "run")
        with self._store.read() as unit:
            return unit.points.history(scope, unit.runs.get(scope, uid).id, key, context)

    def rows(self, scope: Scope, uid: str) -> list[Row]:
        """What was logged as rows, as it was logged. Raises NotFound."""
        authorise(scope, Verb.READ, "run")
        with self._store.read() as unit:
            run_id = unit.runs.get(scope, uid).id
            points = unit.points.all(run_id)
            return rows(points, unit.values.all(run_id), unit.keys.names(np.unique(points.key).tolist()))

    def values(
        self, scope: Scope, uid: str, key: str | None = None, *, after: str | None = None, limit: int = VALUES_BOUND
    ) -> Page[LoggedValue]:
        """A page of what was logged at a step and is no number, of one key if it is given.

        They come by key and context, in the order in which these were first seen, then by step and row. A page ends
        early where the documents are long.

        Raises:
            NotFound: No such run.
            InvalidInput: `after` is no token of a page.
        """
        authorise(scope, Verb.READ, "run")
        place = FIRST if after is None else _place(after)
        limit = max(1, min(limit, VALUES_BOUND))
        found: list[LoggedValue] = []
        size = 0
        with self._store.read() as unit:
            run_id = unit.runs.get(scope, uid).id
            while True:
                some = unit.values.page(scope, run_id, key, place, VALUES_AT_ONCE)
                for here, value in some:
                    size += len(value.document)
                    if found and (size > DOCUMENTS_BOUND or len(found) == limit):
                        return Page(found, ".".join(map(str, place)))
                    found.append(value)
                    place = here
                if len(some) < VALUES_AT_ONCE:
                    return Page(found)

    def within(self, scope: Scope, uid: str, context: Mapping[str, str]) -> list[LoggedValue]:
        """What was logged in this context and is no number; at most `VALUES_BOUND`. Raises NotFound."""
        authorise(scope, Verb.READ, "run")
        with self._store.read() as unit:
            return unit.values.within(scope, unit.runs.get(scope, uid).id, context, VALUES_BOUND)

    def histories(self, scope: Scope, uids: Sequence[str], key: str) -> dict[str, Points]:
        """The same series of several runs in one snapshot; unknown runs are left out."""
        authorise(scope, Verb.READ, "run")
        with self._store.read() as unit:
            ids = unit.runs.ids_of(scope, uids)
            return {uid: unit.points.history(scope, ids[uid], key) for uid in uids if uid in ids}


def _place(token: str) -> tuple[int, int, int, int]:
    if re.fullmatch(r"\d{1,18}\.\d{1,18}\.-?\d{1,19}\.-?\d{1,19}", token, re.ASCII):
        key, context, step, row = map(int, token.split("."))
        if max(abs(step + 1), abs(row + 1)) < 1 << 63:
            return key, context, step, row
    raise InvalidInput(
        f"{token[:100]!r} is no token of a page", field="after", remedy="send the token of the page before"
    )


def sample_evenly(points: Points, count: int) -> Points:
    """At most about `count` of the points, evenly spaced by position, the last one kept.

    The positions are the first of each of `count` equal parts (as SQL's NTILE cuts them), and the last point.
    """
    total = len(points)
    if total <= count:
        return points
    large, rest = total % count, total // count
    sizes = np.full(count, rest, dtype=np.int64)
    sizes[:large] += 1
    firsts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    return points.take(np.unique(np.append(firsts, total - 1)))
