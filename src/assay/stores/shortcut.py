"""The commonest log calls in one round trip to PostgreSQL: nothing but points, to runs just logged to.

One statement locks the runs, stores the points and commits by itself. It stores nothing unless all is as this server
remembers it: the runs are there and active, and in motion, so that no latest value lies elsewhere, and their tails have
room. Otherwise, and for all other calls, there is `store_logged`. Tails that become long together are made short after
the callers have been answered, by one statement, too, if this server remembers what it wrote to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from assay.core.points import tails as rules
from assay.core.points.columns import NO_CONTEXT, NO_ROW, Points, concat, from_lists
from assay.core.points.latest import LatestRow, latest, latest_of_one
from assay.core.points.payload import encode, encode_one
from assay.core.points.tails import Batch, Tail
from assay.core.tracking import Logged
from assay.stores import schema
from assay.stores.compaction import ALL_SHORTER
from assay.stores.delta import POSTGRES, array, columns_of, insert_arrays
from assay.stores.logging import Call, Stored
from assay.stores.points import OR_LONGER, OR_NEWER
from assay.stores.projection.marks import Touched
from assay.stores.remembered import Remembered
from assay.stores.unit import Unit

REMEMBERED = 10_000  # runs
ALL_THERE = "(SELECT count(*) FROM head) = %s"  # read before the first row is written: the locks come first
LOCKED = "SELECT id FROM run WHERE id = ANY(%s::bigint[]) AND lifecycle = 'active' ORDER BY id FOR NO KEY UPDATE"
# A fold that is lost with the machine leaves the tail as it was.
LAZILY = f"{POSTGRES.begin}; SET LOCAL synchronous_commit = off"


_Part = tuple[Any, Logged]  # the numbers of the keys that a call names, and the call


class _Known(NamedTuple):
    id: int
    workspace_id: int


class Shortcut:
    """What the writer remembers of the runs that it has just logged to.

    Args:
        writer: This server's name as a writer.
    """

    def __init__(self, writer: str) -> None:
        self._writer = writer
        self._runs: dict[str, _Known] = {}
        self._tails: dict[int, Tail] = {}
        self._remembered = Remembered()
        self._is_any_near = False  # of the tails just written to

    def learn(self, stored: Stored) -> None:
        """After a commit: what was logged to, and the tails of it."""
        if len(self._runs) > REMEMBERED:
            self._runs.clear()
            self._tails.clear()
            self._remembered.clear()
        for head in stored.runs.values():
            self.forget([head.id])
            if head.id in stored.tails:
                self._runs[head.uid] = _Known(head.id, head.workspace_id)
                self._tails[head.id] = stored.tails[head.id]

    def store(
        self, cursor: Any, seq: int, calls: Sequence[Call], keys: Mapping[tuple[int, str], int], touched: Touched
    ) -> bool:
        """Whether the calls are on disk; if not, nothing of them is.

        Args:
            cursor: Of a connection on which each statement commits by itself.
            seq: The number of the batches.
            calls: What to store, and for whom.
            keys: The numbers of the names that are known.
            touched: Where it is noted whom the calls are to.
        """
        parts = self._parts(calls, keys)
        if parts is None:
            return False
        most, longest = rules.bounds()
        batches: dict[int, Batch] = {}
        values: list[tuple[Any, ...]] = []
        for owner_id in sorted(parts):
            batches[owner_id], rows_of_owner = _stored(parts[owner_id])
            values += [(owner_id, *row) for row in rows_of_owner]
            count, held = self._tails[owner_id]
            if count >= most or held + len(batches[owner_id].payload) > longest:
                return False
        touched.points.update(batches)
        rows = [(owner_id, self._writer, seq, *batch) for owner_id, batch in batches.items()]
        _, batch_columns = POSTGRES.insert_rows(schema.metric_batch, rows)
        _, value_columns = POSTGRES.insert_rows(schema.metric_live, values)
        these, count = array(list(batches)), len(batches)
        sizes = array([len(batch.payload) for batch in batches.values()])
        given = [these, *batch_columns, count, *value_columns, count, these, sizes, count, most, longest]
        tails = _done(cursor, _storing(), given)
        if len(tails) != count:
            self.forget(list(batches))
            return False
        grown = {owner_id: (batches_, size) for owner_id, batches_, size, _ in tails}
        self._tails.update(grown)
        self._is_any_near = any(map(rules.is_near, grown.values()))
        for owner_id, batch in batches.items():
            self._remembered.add(owner_id, batch, grown[owner_id][0])
        return True

    def _parts(self, calls: Sequence[Call], keys: Mapping[tuple[int, str], int]) -> dict[int, list[_Part]] | None:
        """What each run is sent, with the numbers of its keys; None where the shortcut does not lead there."""
        parts: dict[int, list[_Part]] = {}
        for scope, logged in calls:
            if scope.actor.narrowed:  # others see to it
                return None
            run = self._runs.get(logged.run_uid)
            if run is None or run.workspace_id != scope.workspace_id or run.id not in self._tails or not _plain(logged):
                return None
            ids = [keys.get((scope.workspace_id, key)) for key in logged.keys]
            if None in ids:
                return None
            parts.setdefault(run.id, []).append((ids, logged))
        return parts

    def forget(self, owner_ids: Sequence[int]) -> None:
        """The next calls to these runs find out how things are."""
        for owner_id in owner_ids:
            self._tails.pop(owner_id, None)
            self._remembered.forget(owner_id)

    def due(self, calls: Sequence[Call]) -> dict[int, Tail]:
        """Those tails of the runs just logged to that are to be made short now.

        Folding small batches costs as many round trips for many runs as for one: they wait until one tail is full, and
        those that are nearly so go with it. Of the others one is due each time.
        """
        if not self._is_any_near:
            return {}
        ids = sorted({self._runs[logged.run_uid].id for _, logged in calls})
        tails = {owner_id: self._tails[owner_id] for owner_id in ids}
        most, _ = rules.bounds()
        small = {owner_id: tail for owner_id, tail in tails.items() if rules.is_small(tail[1])}
        if any(count >= most for count, _ in small.values()):
            return {owner_id: tail for owner_id, tail in small.items() if rules.is_near(tail)}
        large = {owner_id: tail for owner_id, tail in tails.items() if owner_id not in small}
        return {owner_id: large[owner_id] for owner_id in rules.due(large)}

    def fold_remembered(self, cursor: Any, seq: int, tails: Mapping[int, Tail]) -> bool:
        """These tails are short again, by one statement; False, and all is as it was, where that is not to be.

        Each must be remembered whole, and be one that is folded and not compacted. If one lies there otherwise than it
        is remembered, the statement does nothing, and all are forgotten.

        Args:
            cursor: Of a connection on which each statement commits by itself.
            seq: A new number of batches.
            tails: As `due` told.
        """
        small: dict[int, list[Batch]] = {}
        large: dict[int, list[Batch]] = {}
        for owner_id, (count, held) in tails.items():
            tail = self._remembered.tail(owner_id)
            if tail is None or len(tail) != count or not rules.is_small(held):
                return False
            small[owner_id] = [batch for batch in tail if rules.is_folded(batch)]
            large[owner_id] = [batch for batch in tail if not rules.is_folded(batch)]
            if not rules.are_most(small[owner_id], count):
                return False
        folded = {owner_id: rules.fold(batches) for owner_id, batches in small.items()}
        rows = [(owner_id, self._writer, seq, *one.batch) for owner_id, one in folded.items()]
        _, columns = POSTGRES.insert_rows(schema.metric_batch, rows)
        shorter = columns_of([(owner_id, one.fewer, one.fewer_bytes) for owner_id, one in folded.items()])
        these, owners = array(list(folded)), len(folded)
        gone = [batch for batches in small.values() for batch in batches]
        expected = len(gone), sum(batch.points for batch in gone)
        given = [these, these, self._writer, rules.FOLDED, owners, *columns, owners, *shorter, *expected]
        if not _done(cursor, _folding(), given):
            self.forget(list(tails))
            return True
        for owner_id, one in folded.items():
            count, held = tails[owner_id]
            self._tails[owner_id] = (count - one.fewer, held - one.fewer_bytes)
            self._remembered.begin(owner_id, [*large[owner_id], one.batch])
        return True

    def fold(self, unit: Unit, seq: int, tails: Mapping[int, Tail]) -> Callable[[], None]:
        """These tails are short again, once the unit is committed; what is given back then remembers it."""
        driver = unit.driver()
        driver.execute(LOCKED, (list(tails),))
        held = [row[0] for row in driver.fetchall()]
        small = {owner_id: tails[owner_id][0] for owner_id in held if rules.is_small(tails[owner_id][1])}
        left, folded = unit.points.compaction.shorten_together(self._writer, seq, small)
        unit.points.fold([owner_id for owner_id in held if owner_id not in small], tails)

        def remember() -> None:
            self.forget(list(tails))
            self._tails.update(left)
            for owner_id, (count, _) in left.items():
                if count == 1:
                    self._remembered.begin(owner_id, [folded[owner_id]])

        return remember


def _stored(parts: Sequence[_Part]) -> tuple[Batch, list[LatestRow]]:
    """The batch of a run, and the latest values of it."""
    (ids, logged), *others = parts
    if not others and len(logged.values) == 1 and logged.key_index is None:  # mostly: it needs no arrays
        point = int(logged.steps[0]), int(logged.times_us[0]), float(logged.values[0])
        payload = encode_one(ids[0], NO_CONTEXT, NO_ROW, *point)
        return Batch(1, payload), [latest_of_one(ids[0], NO_CONTEXT, *point)]
    points = concat([_points(*part) for part in parts]).normal()
    return Batch(len(points), encode(points)), latest(points)


def _points(ids: Sequence[int], logged: Logged) -> Points:
    key = ids if logged.key_index is None else np.array(ids, np.int64)[logged.key_index]
    return from_lists(key, logged.steps, logged.times_us, logged.values, NO_CONTEXT, NO_ROW)


def _plain(logged: Logged) -> bool:
    """Whether the call brings points and nothing else."""
    others = logged.params or logged.tags or logged.model_points or logged.logged_values or logged.contexts
    return not others and logged.writer is None and not len(logged.rows) and len(logged.keys) > 0


def _done(cursor: Any, statement: str, given: Sequence[Any]) -> list[Any]:
    """What the statement gives back; nothing if it found that things are not as they were, and did nothing."""
    import psycopg  # noqa: PLC0415 -- a server on SQLite starts faster without

    try:
        found: list[Any] = cursor.execute(statement, given).fetchall()
    except psycopg.errors.DivisionByZero:
        return []
    return found


@cache
def _storing() -> str:
    batches, _ = insert_arrays(schema.metric_batch)
    values, _ = insert_arrays(schema.metric_live)
    return f"""
WITH head AS ({LOCKED}),
written_batches AS ({batches} WHERE {ALL_THERE}),
written_values AS ({values} WHERE {ALL_THERE} {OR_NEWER}),
moved AS (
  INSERT INTO metric_motion (owner_id, touched_us, batches, bytes)
  SELECT owner_id, ({POSTGRES.now_us}), 1, bytes FROM unnest(%s::bigint[], %s::bigint[]) AS one(owner_id, bytes)
  WHERE {ALL_THERE} {OR_LONGER}
)
SELECT owner_id, batches, bytes, 1 / (batches > 1 AND batches <= %s AND bytes <= %s)::integer
FROM moved
"""  # noqa: S608 -- our own names


@cache
def _folding() -> str:
    """A batch of this server's that another one has rewritten holds more points than it did, and so is told."""
    batches, _ = insert_arrays(schema.metric_batch)
    return f"""
WITH head AS ({LOCKED}),
gone AS (
  DELETE FROM metric_batch WHERE owner_id = ANY(%s::bigint[]) AND writer = %s AND count < %s AND {ALL_THERE}
  RETURNING count
),
folded AS ({batches} WHERE {ALL_THERE}),
shorter AS ({POSTGRES.sql(ALL_SHORTER)})
SELECT 1 / ((count(*), sum(count)) = (%s, %s))::integer, set_config('synchronous_commit', 'off', true)
FROM gone
"""  # noqa: S608 -- our own names
