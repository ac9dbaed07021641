"""The commonest log calls in one round trip to PostgreSQL: nothing but points, to runs just logged to.

One statement locks the runs, stores the points and commits by itself. It stores nothing unless all is as this server
remembers it: the runs are there and active, and in motion, so that no latest value lies elsewhere, and their tails have
room. Otherwise, and for all other calls, there is `store_logged`. Tails that become long together are made short after
the callers have been answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from assay.core.points.columns import NO_CONTEXT, NO_ROW, Points, concat, from_lists
from assay.core.points.latest import latest as latest_of
from assay.core.points.payload import encode
from assay.core.tracking import Logged
from assay.stores import schema
from assay.stores.delta import POSTGRES, array, insert_arrays
from assay.stores.logging import Call, Stored
from assay.stores.points import OR_LONGER, OR_NEWER, Tail, bounds, due, is_near, is_small
from assay.stores.projection.marks import Touched
from assay.stores.unit import Unit

REMEMBERED = 10_000  # runs
ALL_THERE = "WHERE (SELECT count(*) FROM head) = %s"  # read before the first row is written: the locks come first
LOCKED = "SELECT id FROM run WHERE id = ANY(%s::bigint[]) AND lifecycle = 'active' ORDER BY id FOR NO KEY UPDATE"
# A fold that is lost with the machine leaves the tail as it was.
LAZILY = f"{POSTGRES.begin}; SET LOCAL synchronous_commit = off"


class _Known(NamedTuple):
    id: int
    workspace_id: int


class Shortcut:
    """What the writer remembers of the runs that it has just logged to."""

    def __init__(self) -> None:
        self._runs: dict[str, _Known] = {}
        self._tails: dict[int, Tail] = {}
        self._is_any_near = False  # of the tails just written to

    def learn(self, stored: Stored) -> None:
        """After a commit: what was logged to, and the tails of it."""
        if len(self._runs) > REMEMBERED:
            self._runs.clear()
            self._tails.clear()
        for head in stored.runs.values():
            self._tails.pop(head.id, None)
            if head.id in stored.tails:
                self._runs[head.uid] = _Known(head.id, head.workspace_id)
                self._tails[head.id] = stored.tails[head.id]

    def store(
        self,
        cursor: Any,
        writer: str,
        seq: int,
        calls: Sequence[Call],
        keys: Mapping[tuple[int, str], int],
        touched: Touched,
    ) -> bool:
        """Whether the calls are on disk; if not, nothing of them is.

        Args:
            cursor: Of a connection on which each statement commits by itself.
            writer: This server's name as a writer.
            seq: The number of the batches.
            calls: What to store, and for whom.
            keys: The numbers of the names that are known.
            touched: Where it is noted whom the calls are to.
        """
        points = self._points(calls, keys)
        if points is None:
            return False
        import psycopg  # noqa: PLC0415 -- a server on SQLite starts faster without

        most, longest = bounds()
        batches, sizes, values = [], [], []
        for owner_id in sorted(points):
            normal = points[owner_id].normal()
            payload = encode(normal)
            batches.append((owner_id, writer, seq, len(normal), payload))
            sizes.append(len(payload))
            values += [(owner_id, *row) for row in latest_of(normal)]
            count, held = self._tails[owner_id]
            if count >= most or held + len(payload) > longest:
                return False
        ids = [row[0] for row in batches]
        count = len(ids)
        touched.points.update(ids)
        _, batch_columns = POSTGRES.insert_rows(schema.metric_batch, batches)
        _, value_columns = POSTGRES.insert_rows(schema.metric_live, values)
        these = array(ids)
        given = [these, *batch_columns, count, *value_columns, count, these, array(sizes), count, most, longest]
        try:
            tails = cursor.execute(_statement(), given).fetchall()
        except psycopg.errors.DivisionByZero:
            tails = []
        if len(tails) != count:
            self.forget(ids)
            return False
        grown = {owner_id: (batches_, size) for owner_id, batches_, size, _ in tails}
        self._tails.update(grown)
        self._is_any_near = any(map(is_near, grown.values()))
        return True

    def _points(self, calls: Sequence[Call], keys: Mapping[tuple[int, str], int]) -> dict[int, Points] | None:
        parts: dict[int, list[Points]] = {}
        for scope, logged in calls:
            if scope.actor.narrowed:  # others see to it
                return None
            run = self._runs.get(logged.run_uid)
            if run is None or run.workspace_id != scope.workspace_id or run.id not in self._tails or not _plain(logged):
                return None
            ids: Any = [keys.get((scope.workspace_id, key)) for key in logged.keys]
            if None in ids:
                return None
            if logged.key_index is not None:
                ids = np.array(ids, np.int64)[logged.key_index]
            columns = from_lists(ids, logged.steps, logged.times_us, logged.values, NO_CONTEXT, NO_ROW)
            parts.setdefault(run.id, []).append(columns)
        return {owner_id: concat(found) for owner_id, found in parts.items()}

    def forget(self, owner_ids: Sequence[int]) -> None:
        """The next calls to these runs find out how things are."""
        for owner_id in owner_ids:
            self._tails.pop(owner_id, None)

    def due(self, calls: Sequence[Call]) -> dict[int, Tail]:
        """Those tails of the runs just logged to that are to be made short now.

        Folding small batches costs as many round trips for many runs as for one: they wait until one tail is full, and
        those that are nearly so go with it. Of the others one is due each time.
        """
        if not self._is_any_near:
            return {}
        ids = sorted({self._runs[logged.run_uid].id for _, logged in calls})
        tails = {owner_id: self._tails[owner_id] for owner_id in ids}
        most, _ = bounds()
        small = {owner_id: tail for owner_id, tail in tails.items() if is_small(tail[1])}
        if any(count >= most for count, _ in small.values()):
            return {owner_id: tail for owner_id, tail in small.items() if is_near(tail)}
        large = {owner_id: tail for owner_id, tail in tails.items() if owner_id not in small}
        return {owner_id: large[owner_id] for owner_id in due(large)}

    def fold(self, unit: Unit, tails: Mapping[int, Tail]) -> Callable[[], None]:
        """These tails are short again, once the unit is committed; what is given back then remembers it."""
        driver = unit.driver()
        driver.execute(LOCKED, (list(tails),))
        held = [row[0] for row in driver.fetchall()]
        small = [owner_id for owner_id in held if is_small(tails[owner_id][1])]
        left = unit.points.compaction.shorten_together({owner_id: tails[owner_id][0] for owner_id in small})
        unit.points.fold([owner_id for owner_id in held if owner_id not in small], tails)

        def remember() -> None:
            self.forget(list(tails))
            self._tails.update(left)

        return remember


def _plain(logged: Logged) -> bool:
    """Whether the call brings points and nothing else."""
    others = logged.params or logged.tags or logged.model_points or logged.logged_values or logged.contexts
    return not others and logged.writer is None and not len(logged.rows) and len(logged.keys) > 0


@cache
def _statement() -> str:
    batches, _ = insert_arrays(schema.metric_batch)
    values, _ = insert_arrays(schema.metric_live)
    return f"""
WITH head AS ({LOCKED}),
written_batches AS ({batches} {ALL_THERE}),
written_values AS ({values} {ALL_THERE} {OR_NEWER}),
moved AS (
  INSERT INTO metric_motion (owner_id, touched_us, batches, bytes)
  SELECT owner_id, ({POSTGRES.now_us}), 1, bytes FROM unnest(%s::bigint[], %s::bigint[]) AS one(owner_id, bytes)
  {ALL_THERE} {OR_LONGER}
)
SELECT owner_id, batches, bytes, 1 / (batches > 1 AND batches <= %s AND bytes <= %s)::integer
FROM moved
"""  # noqa: S608 -- our own names
