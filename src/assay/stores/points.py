"""Metric points in SQL: batches as they come, latest values where search looks, and histories read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from assay.core.points.chunks import Position
from assay.core.points.columns import Points
from assay.core.points.latest import latest as latest_of
from assay.core.points.payload import encode
from assay.core.points.tails import Tail, due, is_small
from assay.core.scope import Scope
from assay.core.tracking import Latest
from assay.stores import schema
from assay.stores.compaction import Compaction, Fresh
from assay.stores.histories import Histories, Outline
from assay.stores.latest import read_latest

if TYPE_CHECKING:
    from assay.stores.unit import Unit

batch = schema.metric_batch
live, latest, motion = schema.metric_live, schema.metric_latest, schema.metric_motion

# The newer of two last points wins, by (step, time, value) with NaN as 0 and below it; extremes ignore NaN (NULL).
_NEWER = (
    "(excluded.step, excluded.time_us, coalesce(excluded.value, 0), NOT excluded.is_nan) >= "
    "(metric_live.step, metric_live.time_us, coalesce(metric_live.value, 0), NOT metric_live.is_nan)"
)
LIVE = "owner_id, key_id, context_id, value, is_nan, step, time_us, min_value, max_value"
AT_REST = "FROM metric_latest WHERE owner_id = ?"
OR_NEWER = f"""
ON CONFLICT (owner_id, key_id, context_id) DO UPDATE SET
  value = CASE WHEN {_NEWER} THEN excluded.value ELSE metric_live.value END,
  is_nan = CASE WHEN {_NEWER} THEN excluded.is_nan ELSE metric_live.is_nan END,
  step = CASE WHEN {_NEWER} THEN excluded.step ELSE metric_live.step END,
  time_us = CASE WHEN {_NEWER} THEN excluded.time_us ELSE metric_live.time_us END,
  min_value = CASE WHEN metric_live.min_value <= excluded.min_value OR excluded.min_value IS NULL
    THEN metric_live.min_value ELSE excluded.min_value END,
  max_value = CASE WHEN metric_live.max_value >= excluded.max_value OR excluded.max_value IS NULL
    THEN metric_live.max_value ELSE excluded.max_value END
"""
OR_LONGER = """
ON CONFLICT (owner_id) DO UPDATE SET
  touched_us = CASE WHEN excluded.touched_us > metric_motion.touched_us
    THEN excluded.touched_us ELSE metric_motion.touched_us END,
  batches = metric_motion.batches + 1, bytes = metric_motion.bytes + excluded.bytes
RETURNING owner_id, batches, bytes
"""


class PointStore:
    """See `assay.ports.store.PointStore`; who appends holds the owner's lock."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection
        self.compaction = Compaction(unit)
        self._histories = Histories(unit)

    def append(self, writer: str, seq: int, points: Mapping[int, Points]) -> dict[int, Tail]:
        """Stores a batch for each owner, and what it changes of the latest values; a tail grown too long is compacted.

        Gives back the other tails. Statements go to the driver itself, in the order of owners and keys: this is the
        house's busiest path.
        """
        unit, now = self._unit, self._unit.now_us()
        unit.touched.points.update(points)
        batches, touched, values = [], [], []
        fresh: dict[int, Fresh] = {}
        for owner_id in sorted(points):
            normal = points[owner_id].normal()
            fresh[owner_id] = Fresh(writer, seq, normal)
            payload = encode(normal)
            batches.append((owner_id, writer, seq, len(normal), payload))
            touched.append((owner_id, now, 1, len(payload)))
            values += [(owner_id, *row) for row in latest_of(normal)]
        tails = unit.put_together((batch, batches, ""), (live, values, OR_NEWER), (motion, touched, OR_LONGER))
        for owner_id, count, _ in tails:
            if count == 1:  # it was at rest, or has just been compacted
                self._set_in_motion(owner_id)
        grown = {owner_id: (count, held) for owner_id, count, held in tails}
        long = due(grown)
        self.fold(long, grown, fresh)
        return {owner_id: tail for owner_id, tail in grown.items() if owner_id not in long}

    def fold(
        self, owner_ids: Sequence[int], tails: Mapping[int, Tail], fresh: Mapping[int, Fresh] | None = None
    ) -> None:
        """The tails of these owners are short again, in the order given; `fresh` are the batches just written."""
        for owner_id in owner_ids:
            count, held = tails[owner_id]
            if is_small(held):
                self.compaction.shorten(owner_id, count, (fresh or {}).get(owner_id))
            else:
                self.compaction.compact(owner_id, fresh=(fresh or {}).get(owner_id))

    def _set_in_motion(self, owner_id: int) -> None:
        driver, sql = self._unit.driver(), self._unit.delta.sql
        driver.execute(sql(f"INSERT INTO metric_live ({LIVE}) SELECT {LIVE} {AT_REST} {OR_NEWER}"), (owner_id,))
        driver.execute(sql(f"DELETE {AT_REST}"), (owner_id,))

    def latest(self, owner_ids: Sequence[int]) -> dict[int, list[Latest]]:
        """Latest values of all series, by key."""
        return read_latest(self._unit, owner_ids)

    def outline(
        self,
        scope: Scope,
        owner_id: int,
        key: str,
        context: Mapping[str, str] | None = None,
        *,
        low: Position | None = None,
        high_step: int | None = None,
        enough: int | None = None,
        marked: bool = False,
    ) -> Outline:
        """Where the points of one series lie."""
        return self._histories.outline(
            scope, owner_id, key, context, low=low, high_step=high_step, enough=enough, marked=marked
        )

    def history(self, scope: Scope, owner_id: int, key: str, context: Mapping[str, str] | None = None) -> Points:
        """All points of one series in canonical order."""
        return self._histories.history(scope, owner_id, key, context)

    def rewind(self, owner_id: int, step: int) -> None:
        """What was logged after the step is gone."""
        self._unit.touched.points.add(owner_id)
        self.compaction.rewind(owner_id, step)

    def copy(self, source_id: int, owner_id: int, step: int | None) -> None:
        """The owner has the source's points up to the step."""
        self._unit.touched.points.add(owner_id)
        self.compaction.copy(source_id, owner_id, step)

    def all(self, owner_id: int) -> Points:
        """All points of the owner in canonical order."""
        return self._histories.all(owner_id)
