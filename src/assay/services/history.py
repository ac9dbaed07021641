"""Use cases on the history of metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from assay.core.points.columns import Points
from assay.core.rows import Row, rows
from assay.core.scope import Scope, Verb
from assay.services.base import Service, authorise


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

    def histories(self, scope: Scope, uids: Sequence[str], key: str) -> dict[str, Points]:
        """The same series of several runs in one snapshot; unknown runs are left out."""
        authorise(scope, Verb.READ, "run")
        with self._store.read() as unit:
            ids = unit.runs.ids_of(scope, uids)
            return {uid: unit.points.history(scope, ids[uid], key) for uid in uids if uid in ids}


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
