"""Metric points read back: which chunks a series has, and what lies in those that somebody needs.

What is asked of the tables is a head a chunk, and the payloads of those chunks alone that hold what is wanted. They are
taken as they lie and decoded later, so a snapshot is as short as the reading itself.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, union_all

from assay.core.points.chunks import Position
from assay.core.points.columns import Points, concat
from assay.core.points.packed import points_of
from assay.core.points.payload import decode, decode_all
from assay.core.points.spans import Span, before, cut, lay
from assay.core.scope import Scope
from assay.stores import schema
from assay.wire.errors import Unavailable

if TYPE_CHECKING:
    from assay.stores.unit import Unit

HEADS = 512  # chunks whose heads are asked for at once
PAYLOADS = 64  # chunks that are read at once
SNAPSHOT_S = 20.0  # how long the reading of one series may hold a snapshot
LOWEST = -(1 << 63)

MINE = "FROM metric_chunk WHERE owner_id = ? AND key_id = ? AND context_id = ?"
HEAD = "SELECT first_step, first_us, last_step, last_us, count"
MARKED = f"{HEAD}, substr(payload, 1, 10)"  # a payload's header, with its checksum
HOLDS = f"{MINE} AND (first_step, first_us) <= (?, ?) ORDER BY first_step DESC, first_us DESC LIMIT 1"
FROM_ON = f"{MINE} AND (first_step, first_us) >= (?, ?) ORDER BY first_step, first_us LIMIT ?"
AFTER = f"{MINE} AND (first_step, first_us) > (?, ?) ORDER BY first_step, first_us LIMIT ?"
BETWEEN = (
    f"SELECT payload {MINE} AND (first_step, first_us) >= (?, ?) AND (first_step, first_us) <= (?, ?) "
    "ORDER BY first_step, first_us"
)
PAGE = (
    "SELECT payload FROM metric_page WHERE owner_id = ? AND (first_key_id, first_context_id) <= (?, ?) "
    "ORDER BY first_key_id DESC, first_context_id DESC LIMIT 1"
)
TAIL = "SELECT payload FROM metric_batch WHERE owner_id = ?"


class Outline:
    """One series in one snapshot; see `assay.ports.logged.Outline`."""

    def __init__(self, unit: Unit, series: tuple[int, int, int] | None) -> None:
        self._unit = unit
        self._until = time.monotonic() + SNAPSHOT_S
        self._following: dict[Position, Position] = {}  # where the chunk after each begins
        self.series = series
        self.spans: list[Span] = []

    def read(self, spans: Sequence[Span]) -> None:
        """The points of these spans, which are in order, can be looked at."""
        missing = [span for span in spans if not span.is_read]
        at = 0
        while at < len(missing):
            some = self._together(missing[at : at + PAYLOADS])
            self._check()
            assert self.series is not None
            rows = self._unit.rows(BETWEEN, (*self.series, *some[0].first, *some[-1].first))
            for span, (payload,) in zip(some, rows, strict=True):
                span.payload = payload
            at += len(some)

    def _together(self, spans: Sequence[Span]) -> Sequence[Span]:
        """The first of the spans, and those that follow it with no chunk between."""
        for number, (one, other) in enumerate(pairwise(spans), 1):
            if self._following.get(one.first) != other.first:
                return spans[:number]
        return spans

    def _check(self) -> None:
        if time.monotonic() > self._until:
            raise Unavailable(
                f"Reading took longer than {SNAPSHOT_S:.0f} s",
                field="limit",
                bound=SNAPSHOT_S,
                remedy="ask for fewer points at once, or again when the server has less to do",
                retry_after_s=5,
            )

    def find(self, low: Position | None, high_step: int | None, enough: int | None, *, marked: bool) -> None:
        """`spans` are those from a place on and up to a step, or so many of them that they hold enough points."""
        assert self.series is not None
        points = concat(self._tail(*self.series)).normal()
        chunks, following = self._heads(low, high_step, enough, marked=marked)
        self._following = {one.first: other.first for one, other in pairwise(chunks)}
        points = points.take(
            slice(
                0 if low is None else before(points, low),
                None if following is None else before(points, following),
            )
        )
        spans = lay(chunks, points, lambda span: self.read([span])) if len(points) else chunks
        self.spans = cut(spans, low, high_step, lambda span: self.read([span]))

    def _heads(
        self, low: Position | None, high_step: int | None, enough: int | None, *, marked: bool
    ) -> tuple[list[Span], Position | None]:
        """A span for each chunk, and where the first of the others begins, if those are left out."""
        what = MARKED if marked else HEAD
        assert self.series is not None
        found: list[Span] = []
        if low is not None:
            found += map(_span, self._unit.rows(f"{what} {HOLDS}", (*self.series, *low)))
        place = found[0].first if found else low or (LOWEST, LOWEST)
        more = AFTER if found else FROM_ON
        held = 0  # not by the first, which may be cut
        while True:
            rows = self._unit.rows(f"{what} {more}", (*self.series, *place, HEADS))
            for span in map(_span, rows):
                if high_step is not None and span.first[0] > high_step:
                    return found, span.first
                if enough is not None and held >= enough:
                    return found, span.first
                held += span.count if found else 0
                found.append(span)
            if len(rows) < HEADS:
                return found, None
            self._check()
            place, more = found[-1].first, AFTER

    def _tail(self, owner_id: int, key_id: int, context_id: int) -> list[Points]:
        """What lies in no chunk."""
        rows = self._unit.rows(PAGE, (owner_id, key_id, context_id)) + self._unit.rows(TAIL, (owner_id,))
        found = [_of_series(decode(payload), key_id, context_id) for (payload,) in rows]
        return [points for points in found if len(points)]


class Histories:
    """Reads histories in one unit of work."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._connection = unit.connection

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
        """See `assay.ports.logged.PointStore`."""
        key_id = self._unit.keys.lookup(scope.workspace_id, [key]).get(key)
        context_id = self._unit.keys.find_context(scope.workspace_id, context)
        if key_id is None or context_id is None:
            return Outline(self._unit, None)
        found = Outline(self._unit, (owner_id, key_id, context_id))
        found.find(low, high_step, enough, marked=marked)
        return found

    def history(self, scope: Scope, owner_id: int, key: str, context: Mapping[str, str] | None = None) -> Points:
        """All points of one series in canonical order."""
        outline = self.outline(scope, owner_id, key, context)
        outline.read(outline.spans)
        return concat([points_of(span.columns()) for span in outline.spans])

    def all(self, owner_id: int) -> Points:
        """All points of the owner in canonical order."""
        tables = (schema.metric_chunk, schema.metric_page, schema.metric_batch)
        payloads = union_all(*(select(table.c.payload).where(table.c.owner_id == owner_id) for table in tables))
        return decode_all(list(self._connection.scalars(payloads))).normal()


def _span(row: Sequence[Any]) -> Span:
    first_step, first_us, last_step, last_us, count, *mark = row
    return Span((first_step, first_us), (last_step, last_us), count, mark[0] if mark else b"")


def _of_series(points: Points, key_id: int, context_id: int) -> Points:
    return points.take((points.key == key_id) & (points.context == context_id))
