"""Compaction: an owner's tail of batches becomes one batch, or chunks and pages; rest, rewind and fork build on it.

Who calls holds the owner's lock. What is deleted is exactly what was read, by the same statement.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, delete, insert, select

from assay.core.ids import Kind, kind_of
from assay.core.points import cells, chunks, pages, tails
from assay.core.points.columns import Points, by_series, concat
from assay.core.points.latest import latest as latest_of
from assay.core.points.payload import decode, decode_all, encode
from assay.core.points.tails import Batch, Tail, are_most, fold
from assay.stores import schema
from assay.stores.delta import columns_of

if TYPE_CHECKING:
    from assay.stores.unit import Unit

LEVEL = 3  # zstandard's level of what is compacted: written seldom, read often

ASKED = 200  # series a statement
# The statements of what every long tail costs go to the driver itself.
TAKE = "DELETE FROM metric_batch WHERE owner_id = ?"  # RETURNING: what is deleted is what was read
BATCH = "writer, seq, payload"
EMPTY = "UPDATE metric_motion SET batches = 0, bytes = 0 WHERE owner_id = ?"
SHORTER = "UPDATE metric_motion SET batches = batches - ?, bytes = bytes - ? WHERE owner_id = ?"
# Of several owners at once, on PostgreSQL alone.
TAKE_ALL = "DELETE FROM metric_batch WHERE owner_id = ANY(?::bigint[]) AND count < ? RETURNING owner_id, count, payload"
ALL_SHORTER = (
    "UPDATE metric_motion m SET batches = m.batches - one.batches, bytes = m.bytes - one.bytes "
    "FROM unnest(?::bigint[], ?::integer[], ?::bigint[]) AS one(owner_id, batches, bytes) "
    "WHERE m.owner_id = one.owner_id"
)
RANGE = "first_step, first_us, last_step, last_us, count"
MINE = "FROM metric_chunk WHERE owner_id = ? AND key_id = ? AND context_id = ?"
BEFORE = f"SELECT {RANGE} {MINE} AND (first_step, first_us) <= (?, ?) ORDER BY first_step DESC, first_us DESC LIMIT 1"
AFTER = f"SELECT {RANGE} {MINE} AND (first_step, first_us) > (?, ?) ORDER BY first_step, first_us"
REPLACED = f"DELETE {MINE} AND first_step = ? AND first_us = ? RETURNING payload"
CHUNKED = (
    "WITH asked(key_id, context_id) AS (VALUES {}) SELECT key_id, context_id FROM asked WHERE EXISTS (SELECT 1 FROM "
    "metric_chunk c WHERE c.owner_id = ? AND c.key_id = asked.key_id AND c.context_id = asked.context_id)"
)

batch, chunk, page = schema.metric_batch, schema.metric_chunk, schema.metric_page
live, latest, motion = schema.metric_live, schema.metric_latest, schema.metric_motion


class Fresh(NamedTuple):
    """A batch of the transaction at hand."""

    writer: str
    seq: int
    points: Points  # in canonical order


class Compaction:
    """Moves an owner's points to where they are read best."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

    def shorten(self, owner_id: int, count: int, fresh: Fresh | None = None) -> None:
        """The tail of `count` batches is short again: small batches become one where they are most of it."""
        small = self._unit.rows(f"{TAKE} AND count < ? RETURNING {BATCH}, count", (owner_id, tails.FOLDED))
        if not are_most(small, count):
            points = decode_all([payload for _, _, payload, _ in small])
            self.compact(owner_id, points.normal(), fresh)
            return
        one, fewer, fewer_bytes = fold([Batch(count_, payload) for _, _, payload, count_ in small])
        writer, seq, *_ = small[0]
        self._unit.put(batch, [(owner_id, writer, seq, *one)])
        self._unit.driver().execute(self._unit.delta.sql(SHORTER), (fewer, fewer_bytes, owner_id))

    def shorten_together(
        self, writer: str, seq: int, counts: Mapping[int, int]
    ) -> tuple[dict[int, Tail], dict[int, Batch]]:
        """`shorten` of several owners in three statements, on PostgreSQL.

        Gives back the tails of those not compacted, and what their small batches became.

        Args:
            writer: Whose the new batches are.
            seq: Their number, under which he has no others of these owners.
            counts: The batches in the tail of each owner.
        """
        if not counts:
            return {}, {}
        small: dict[int, list[Batch]] = {owner_id: [] for owner_id in counts}
        for owner_id, count, payload in self._unit.rows(TAKE_ALL, (list(counts), tails.FOLDED)):
            small[owner_id].append(Batch(count, payload))
        folded: dict[int, Batch] = {}
        shorter = []
        for owner_id, batches in small.items():
            if not are_most(batches, counts[owner_id]):
                self.compact(owner_id, decode_all([payload for _, payload in batches]).normal())
                continue
            folded[owner_id], *fewer = fold(batches)
            shorter.append((owner_id, *fewer))
        if not folded:
            return {}, {}
        self._unit.put(batch, [(owner_id, writer, seq, *one) for owner_id, one in folded.items()])
        left = self._unit.rows(f"{ALL_SHORTER} RETURNING m.owner_id, m.batches, m.bytes", columns_of(shorter))
        return {owner_id: (count, held) for owner_id, count, held in left}, folded

    def compact(self, owner_id: int, taken: Points | None = None, fresh: Fresh | None = None) -> None:
        """The owner's tail lies in chunks and pages, and so does what was taken from it; its batches are gone.

        Args:
            owner_id: Whose.
            taken: What is no longer in the tail, in canonical order.
            fresh: The batch that was just written, which need not be read to be known.
        """
        rows = self._unit.rows(f"{TAKE} RETURNING {BATCH}", (owner_id,))
        read = [
            fresh.points if fresh is not None and (writer, seq) == (fresh.writer, fresh.seq) else decode(payload)
            for writer, seq, payload in rows
        ]
        points = read if taken is None else [taken, *read]
        if not points:
            return
        self._add(owner_id, points)
        self._unit.driver().execute(self._unit.delta.sql(EMPTY), (owner_id,))

    def _add(self, owner_id: int, parts: Sequence[Points]) -> None:
        """The points of all parts, each in canonical order, lie in chunks and pages."""
        series_of = {(key_id, context_id): series for key_id, context_id, series in by_series(parts)}
        chunked = self._chunked(owner_id, list(series_of))
        large: list[Points] = []
        small: list[Points] = []
        for name, series in series_of.items():
            (large if name in chunked else small).append(series)
        if small:
            large += self._merge_pages(owner_id, small)
        self._unit.put(chunk, [row for series in large for row in self._merge_chunks(owner_id, series)])

    def _chunked(self, owner_id: int, names: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
        """Those of the series (key, context) that have chunks; asked one by one, however many chunks there are."""
        found: set[tuple[int, int]] = set()
        for at in range(0, len(names), ASKED):
            some = names[at : at + ASKED]
            values = [number for name in some for number in name]
            found.update(self._unit.rows(CHUNKED.format(", ".join(["(?, ?)"] * len(some))), [*values, owner_id]))
        return found

    def _merge_pages(self, owner_id: int, small: Sequence[Points]) -> list[Points]:
        """Merges series into the pages that own their place; returns those that have outgrown a page."""
        firsts = [
            (row.first_key_id, row.first_context_id)
            for row in self._connection.execute(
                select(page.c.first_key_id, page.c.first_context_id)
                .where(page.c.owner_id == owner_id)
                .order_by(page.c.first_key_id, page.c.first_context_id)
            )
        ]
        by_page: dict[int, list[Points]] = {}
        for series in small:
            place = bisect_right(firsts, (int(series.key[0]), int(series.context[0]))) - 1
            by_page.setdefault(max(place, 0), []).append(series)
        outgrown: list[Points] = []
        rows: list[dict[str, Any]] = []
        for place, added in by_page.items():
            if firsts:
                key_id, context_id = firsts[place]
                this = and_(
                    page.c.owner_id == owner_id, page.c.first_key_id == key_id, page.c.first_context_id == context_id
                )
                added = [*added, decode(self._connection.execute(select(page.c.payload).where(this)).scalar_one())]  # noqa: PLW2901
                self._connection.execute(delete(page).where(this))
            kept, large = pages.part(concat(added).normal())
            outgrown += large
            rows += [{"owner_id": owner_id, **_page_row(points)} for points in kept]
        if rows:
            self._connection.execute(insert(page), rows)
        return outgrown

    def _merge_chunks(self, owner_id: int, points: Points) -> list[tuple[Any, ...]]:
        """The rows of a series' new points, and of the chunks that they fall into; those are deleted."""
        series = (owner_id, int(points.key[0]), int(points.context[0]))
        rows: list[tuple[Any, ...]] = []
        for chunk_, piece in chunks.part(self._near(series, points), points):
            old = None if chunk_ is None else decode(self._unit.rows(REPLACED, (*series, *chunk_.first))[0][0])
            rows += [_chunk_row(owner_id, part) for part in chunks.merge(old, piece)]
        return rows

    def _near(self, series: tuple[int, int, int], points: Points) -> list[chunks.ChunkRange]:
        """The chunks of the series among which the points lie, and the one on either side."""
        low, high = chunks.position(points, 0), chunks.position(points, -1)
        found = self._unit.rows(BEFORE, (*series, *low))
        for row in self._unit.rows(AFTER, (*series, *low)):
            found.append(row)
            if row[:2] > high:
                break
        return [chunks.ChunkRange((row[0], row[1]), (row[2], row[3]), row[4]) for row in found]

    def at_rest(self, before_us: int, limit: int) -> list[int]:
        """Owners in motion that nothing was logged to since."""
        query = select(motion.c.owner_id).where(motion.c.touched_us <= before_us).order_by(motion.c.touched_us)
        return list(self._connection.scalars(query.limit(limit)))

    def settle(self, owner_id: int, before_us: int) -> bool:
        """The tail is compacted and the latest values lie where an index serves them; whether there was need.

        Takes the owner's lock; if somebody else holds it, the owner is not at rest.
        """
        owner = schema.run if kind_of(owner_id) is Kind.RUN else schema.logged_model
        mine = select(owner.c.id).where(owner.c.id == owner_id).with_for_update(key_share=True, skip_locked=True)
        if self._connection.execute(mine).first() is None:
            return False
        resting = select(motion.c.owner_id).where(motion.c.owner_id == owner_id, motion.c.touched_us <= before_us)
        if self._connection.execute(resting).first() is None:
            return False
        self.compact(owner_id)
        self._unit.runs.rested(owner_id)
        values = select(live).where(live.c.owner_id == owner_id)
        self._connection.execute(insert(latest).from_select([column.name for column in latest.c], values))
        self._connection.execute(delete(live).where(live.c.owner_id == owner_id))
        self._connection.execute(delete(motion).where(motion.c.owner_id == owner_id))
        return True

    def rewind(self, owner_id: int, step: int) -> None:
        """What was logged after the step is gone, and the latest values are those of what remains."""
        self.compact(owner_id)
        cut = and_(chunk.c.owner_id == owner_id, chunk.c.last_step > step)
        kept = [
            decode(p) for p in self._connection.scalars(select(chunk.c.payload).where(cut, chunk.c.first_step <= step))
        ]
        self._connection.execute(delete(chunk).where(cut))
        self._unit.put(chunk, [_chunk_row(owner_id, points.take(points.step <= step)) for points in kept])
        small = [decode(p) for p in self._connection.scalars(select(page.c.payload).where(page.c.owner_id == owner_id))]
        self._connection.execute(delete(page).where(page.c.owner_id == owner_id))
        left = [points.take(points.step <= step) for points in small]
        rows = [{"owner_id": owner_id, **_page_row(points)} for points in left if len(points)]
        if rows:
            self._connection.execute(insert(page), rows)
        self._recompute_latest(owner_id)

    def copy(self, source_id: int, owner_id: int, step: int | None) -> None:
        """The owner, which has no points yet, has those of the source up to the step.

        Whole chunks are copied as they lie; only those that the step cuts are opened.
        """
        columns = [column.name for column in chunk.c if column.name != "owner_id"]
        whole = [chunk.c.owner_id == source_id] + ([] if step is None else [chunk.c.last_step <= step])
        rows = [
            {**dict(row._mapping), "owner_id": owner_id}
            for row in self._connection.execute(select(*(chunk.c[name] for name in columns)).where(*whole))
        ]
        if rows:
            self._connection.execute(insert(chunk), rows)
        payloads = list(self._connection.scalars(select(page.c.payload).where(page.c.owner_id == source_id)))
        payloads += self._connection.scalars(select(batch.c.payload).where(batch.c.owner_id == source_id))
        if step is not None:
            cut = and_(chunk.c.owner_id == source_id, chunk.c.last_step > step, chunk.c.first_step <= step)
            payloads += self._connection.scalars(select(chunk.c.payload).where(cut))
        points = decode_all(payloads)
        points = (points if step is None else points.take(points.step <= step)).normal()
        if len(points):
            self._add(owner_id, [points])
        self._recompute_latest(owner_id)

    def _recompute_latest(self, owner_id: int) -> None:
        points = self._unit.points.all(owner_id)
        for table in (live, latest, motion):
            self._connection.execute(delete(table).where(table.c.owner_id == owner_id))
        rows = [
            {
                "owner_id": owner_id,
                "key_id": row.key,
                "context_id": row.context,
                "value": row.value,
                "is_nan": row.is_nan,
                "step": row.step,
                "time_us": row.time_us,
                "min_value": row.min,
                "max_value": row.max,
            }
            for row in latest_of(points)
        ]
        if rows:
            self._connection.execute(insert(latest), rows)


def _page_row(points: Points) -> dict[str, Any]:
    return {
        "first_key_id": int(points.key[0]),
        "first_context_id": int(points.context[0]),
        "last_key_id": int(points.key[-1]),
        "last_context_id": int(points.context[-1]),
        "count": len(points),
        "payload": encode(points, LEVEL),
    }


def _chunk_row(owner_id: int, piece: Points) -> tuple[Any, ...]:
    """In the order of the table's columns."""
    summary = chunks.summarise(piece)
    return (
        owner_id,
        int(piece.key[0]),
        int(piece.context[0]),
        *chunks.position(piece, 0),
        *chunks.position(piece, -1),
        len(piece),
        summary.first,
        summary.last,
        summary.min,
        summary.max,
        summary.sum,
        summary.nan_count,
        summary.inf_count,
        *cells.celled(piece),
        encode(piece, LEVEL),
    )
