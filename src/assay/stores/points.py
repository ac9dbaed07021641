"""Metric points in SQL: batches as they come, chunks as they lie, latest values where search looks."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, insert, select, tuple_, union_all

from assay.core.points import chunks
from assay.core.points.columns import Points, concat
from assay.core.points.latest import LatestRow
from assay.core.points.payload import decode, encode
from assay.core.scope import Scope
from assay.core.tracking import Latest
from assay.stores import schema

if TYPE_CHECKING:
    from assay.stores.unit import Unit

CHUNK = 500
TAIL_BATCHES = 32
TAIL_BYTES = 256 * 1024
CHUNK_LEVEL = 3  # zstandard's level of what is compacted: written once, read often

batch, chunk = schema.metric_batch, schema.metric_chunk
live, latest, motion = schema.metric_live, schema.metric_latest, schema.metric_motion

# The newer of two last points wins, by (step, time, value) with NaN as 0; extremes ignore NaN (NULL).
_NEWER = (
    "(excluded.step, excluded.time_us, coalesce(excluded.value, 0)) >= "
    "(metric_live.step, metric_live.time_us, coalesce(metric_live.value, 0))"
)
UPSERT_LIVE = f"""
INSERT INTO metric_live (owner_id, key_id, context_id, value, is_nan, step, time_us, min_value, max_value)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (owner_id, key_id, context_id) DO UPDATE SET
  value = CASE WHEN {_NEWER} THEN excluded.value ELSE metric_live.value END,
  is_nan = CASE WHEN {_NEWER} THEN excluded.is_nan ELSE metric_live.is_nan END,
  step = CASE WHEN {_NEWER} THEN excluded.step ELSE metric_live.step END,
  time_us = CASE WHEN {_NEWER} THEN excluded.time_us ELSE metric_live.time_us END,
  min_value = CASE WHEN metric_live.min_value <= excluded.min_value OR excluded.min_value IS NULL
    THEN metric_live.min_value ELSE excluded.min_value END,
  max_value = CASE WHEN metric_live.max_value >= excluded.max_value OR excluded.max_value IS NULL
    THEN metric_live.max_value ELSE excluded.max_value END
"""  # noqa: S608 -- no input in it
UPSERT_MOTION = """
INSERT INTO metric_motion (owner_id, touched_us, batches, bytes) VALUES (?, ?, 1, ?)
ON CONFLICT (owner_id) DO UPDATE SET touched_us = excluded.touched_us, batches = batches + 1,
  bytes = bytes + excluded.bytes
RETURNING batches, bytes
"""


class PointStore:
    """See `assay.ports.store.PointStore`; `append` and `compact` are for the writer."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def append(self, owner_id: int, writer: str, seq: int, points: Points, rows: Sequence[LatestRow]) -> None:
        """Stores a batch and what it changes of the latest values; a tail grown too long is compacted."""
        payload = encode(points)
        execute = self._connection.exec_driver_sql
        if execute("SELECT 1 FROM metric_motion WHERE owner_id = ?", (owner_id,)).first() is None:
            self._set_in_motion(owner_id)
        execute(
            "INSERT INTO metric_batch (owner_id, writer, seq, count, payload) VALUES (?, ?, ?, ?, ?)",
            (owner_id, writer, seq, len(points), payload),
        )
        execute(
            UPSERT_LIVE,
            [(owner_id, r.key, r.context, r.value, r.is_nan, r.step, r.time_us, r.min, r.max) for r in rows],
        )
        tail = execute(UPSERT_MOTION, (owner_id, self._unit.now_us(), len(payload))).one()
        if tail.batches > TAIL_BATCHES or tail.bytes > TAIL_BYTES:
            self.compact(owner_id)

    def _set_in_motion(self, owner_id: int) -> None:
        values = select(latest).where(latest.c.owner_id == owner_id)
        self._connection.execute(insert(live).from_select([column.name for column in live.c], values))
        self._connection.execute(delete(latest).where(latest.c.owner_id == owner_id))

    def compact(self, owner_id: int) -> None:
        """The owner's tail lies in chunks; its batches are gone."""
        rows = list(
            self._connection.execute(
                select(batch.c.writer, batch.c.seq, batch.c.payload).where(batch.c.owner_id == owner_id)
            )
        )
        for key_id, context_id, points in concat([decode(row.payload) for row in rows]).normal().series():
            self._merge(owner_id, key_id, context_id, points)
        self._connection.exec_driver_sql(
            "DELETE FROM metric_batch WHERE owner_id = ? AND writer = ? AND seq = ?",
            [(owner_id, row.writer, row.seq) for row in rows],
        ) if rows else None
        self._connection.exec_driver_sql(
            "UPDATE metric_motion SET batches = 0, bytes = 0 WHERE owner_id = ?", (owner_id,)
        )

    def _merge(self, owner_id: int, key_id: int, context_id: int, points: Points) -> None:
        mine = and_(chunk.c.owner_id == owner_id, chunk.c.key_id == key_id, chunk.c.context_id == context_id)
        ranges = [
            chunks.ChunkRange((row.first_step, row.first_us), (row.last_step, row.last_us), row.n)
            for row in self._connection.execute(
                select(
                    chunk.c.first_step, chunk.c.first_us, chunk.c.last_step, chunk.c.last_us, chunk.c.count.label("n")
                )
                .where(mine)
                .order_by(chunk.c.first_step, chunk.c.first_us)
            )
        ]
        old: list[Points] = []
        hit = chunks.touched(ranges, points)
        if hit:
            begin = tuple_(chunk.c.first_step, chunk.c.first_us)
            these = and_(mine, begin >= hit[0].first, begin <= hit[-1].first)
            old = [decode(payload) for payload in self._connection.scalars(select(chunk.c.payload).where(these))]
            self._connection.execute(delete(chunk).where(these))
        rows = [
            {"owner_id": owner_id, "key_id": key_id, "context_id": context_id, **_chunk_row(piece)}
            for piece in chunks.merge(old, points)
        ]
        self._connection.execute(insert(chunk), rows)

    def settle(self, older_than_us: int, limit: int) -> int:
        """Compacts owners at rest and moves their latest values to where an index serves them; how many there were."""
        before = self._unit.now_us() - older_than_us
        query = select(motion.c.owner_id).where(motion.c.touched_us <= before).limit(limit)
        ids = list(self._connection.scalars(query))
        for owner_id in ids:
            self.compact(owner_id)
            values = select(live).where(live.c.owner_id == owner_id)
            self._connection.execute(insert(latest).from_select([column.name for column in latest.c], values))
            self._connection.execute(delete(live).where(live.c.owner_id == owner_id))
            self._connection.execute(delete(motion).where(motion.c.owner_id == owner_id))
        return len(ids)

    def latest(self, owner_ids: Sequence[int]) -> dict[int, list[Latest]]:
        """Latest values of all series, by key."""
        found: dict[int, list[Latest]] = {}
        for at in range(0, len(owner_ids), CHUNK):
            some = owner_ids[at : at + CHUNK]
            both = union_all(*(select(table).where(table.c.owner_id.in_(some)) for table in (live, latest))).subquery()
            query = (
                select(both, schema.key.c.name.label("key"), schema.context.c.document)
                .join(schema.key, schema.key.c.id == both.c.key_id)
                .outerjoin(schema.context, schema.context.c.id == both.c.context_id)
                .order_by(both.c.owner_id, schema.key.c.name, both.c.context_id)
            )
            for row in self._connection.execute(query):
                found.setdefault(row.owner_id, []).append(
                    Latest(
                        row.key,
                        math.nan if row.is_nan else row.value,
                        row.step,
                        row.time_us,
                        row.min_value,
                        row.max_value,
                        json.loads(row.document) if row.document else None,
                    )
                )
        return found

    def history(self, scope: Scope, owner_id: int, key: str, context: Mapping[str, str] | None = None) -> Points:
        """All points of one series in canonical order."""
        key_id = self._unit.keys.lookup(scope.workspace_id, [key]).get(key)
        if key_id is None:
            return concat([])
        context_id = self._unit.keys.context_id(scope.workspace_id, context) if context else 0
        parts = [
            decode(payload)
            for payload in self._connection.scalars(
                select(chunk.c.payload)
                .where(chunk.c.owner_id == owner_id, chunk.c.key_id == key_id, chunk.c.context_id == context_id)
                .order_by(chunk.c.first_step, chunk.c.first_us)
            )
        ]
        tail = [
            points.take((points.key == key_id) & (points.context == context_id))
            for points in map(
                decode, self._connection.scalars(select(batch.c.payload).where(batch.c.owner_id == owner_id))
            )
        ]
        tail = [points for points in tail if len(points)]
        return concat([*parts, *tail]).normal() if tail else concat(parts)


def _chunk_row(piece: Points) -> dict[str, Any]:
    (first_step, first_us), (last_step, last_us) = chunks.position(piece, 0), chunks.position(piece, -1)
    summary = chunks.summarise(piece)
    return {
        "first_step": first_step,
        "first_us": first_us,
        "last_step": last_step,
        "last_us": last_us,
        "count": len(piece),
        "first_value": summary.first,
        "last_value": summary.last,
        "min_value": summary.min,
        "max_value": summary.max,
        "sum_value": summary.sum,
        "nan_count": summary.nan_count,
        "payload": encode(piece, CHUNK_LEVEL),
    }
