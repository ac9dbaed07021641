"""Series of many owners in buckets: from chunks' summaries where they suffice, else from their cells, else opened.

Along steps, a chunk that lies within one bucket is read as the row that it is, and one whose cells are narrow enough by
those; times and metrics are known to no summary, so that all chunks are opened. What is not yet compacted is laid
between the chunks, or into the one into which it falls: the same point may lie in both, and counts once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from assay.core.points.buckets import HIGHEST, LOWEST, Buckets
from assay.core.points.chunks import Position, position
from assay.core.points.columns import Ints, Points
from assay.core.points.columns import concat as all_of
from assay.core.points.drawing import (
    Drawing,
    Grid,
    Line,
    Question,
    along,
    grid_of,
    laid,
    matched,
    on_grid,
    over_floats,
    wider,
)
from assay.core.points.payload import decode
from assay.core.points.spans import before, following
from assay.core.scope import Scope
from assay.stores.loose import Loose, Name
from assay.stores.opened import Chunk, Opened
from assay.wire.errors import TooLarge

if TYPE_CHECKING:
    from assay.stores.unit import Unit

OPENED = 50_000_000  # points of a question that lie in chunks that are opened one after the other
HELD = 4_000_000  # points of a question along a metric, which are held together
SLICE = 2_000_000  # points of the chunks that one statement brings
PIECE = 256  # chunks of one series that one statement brings

# A row that lies within one bucket is enough, unless its sum is unknown; else its cells, else its payload.
ENOUGH = "((first_step >> ?) = (last_step >> ?) AND (sum_value IS NOT NULL OR nan_count + inf_count = count))"
COLUMNS = (
    "key_id, owner_id, context_id, first_step, first_us, last_step, last_us, count, nan_count, min_value, max_value, "
    "sum_value, first_value, last_value"
)
NEEDED = (
    f"CASE WHEN {ENOUGH} THEN NULL WHEN cell_shift <= ? THEN cells END, "
    f"CASE WHEN {ENOUGH} OR cell_shift <= ? THEN NULL ELSE payload END"
)
ROUGH = f"SELECT {COLUMNS}, {NEEDED} FROM metric_chunk WHERE key_id = ? AND last_step >= ? AND first_step <= ?"  # noqa: S608 -- our own names
WHOLE = f"SELECT {COLUMNS}, NULL, payload FROM metric_chunk WHERE key_id = ?"  # noqa: S608
FROM_ON = (
    "AND owner_id = ? AND context_id = ? AND (first_step, first_us) >= (?, ?) ORDER BY first_step, first_us LIMIT ?"
)
EXTENTS = (
    "SELECT key_id, owner_id, context_id, min(first_step), max(last_step), min(first_us), max(last_us), sum(count) "
    "FROM metric_chunk WHERE owner_id {among} AND key_id {among} GROUP BY key_id, owner_id, context_id"
)


class Extent(NamedTuple):
    """Bounds of the chunks of a series, and how many points they hold."""

    low_step: int
    high_step: int
    low_us: int
    high_us: int
    number: int  # of points


class SeriesStore:
    """See `assay.ports.logged.Series`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def drawn(self, scope: Scope, asked: Question) -> list[Drawing]:
        """The series of each key that has some, in the order of the keys."""
        keys = self._unit.keys
        known = keys.lookup(scope.workspace_id, {*asked.keys, *([asked.metric] if asked.metric else [])})
        context_id = None if asked.context is None else keys.find_context(scope.workspace_id, asked.context)
        key_ids = {known[key]: key for key in asked.keys if key in known}
        metric_id = known.get(asked.metric or "")
        nowhere = asked.context is not None and context_id is None
        if not key_ids or not asked.origins or nowhere or (asked.axis == "metric" and metric_id is None):
            return []
        held = Held(self._unit, asked, {*key_ids} if metric_id is None else {*key_ids, metric_id})
        names = [name for name in held.names if context_id is None or name[2] == context_id]
        documents = keys.documents({context for _, _, context in names})
        found: dict[str, Drawing] = {}
        for key_id, mine in groupby(names, key=itemgetter(0)):
            if key_id in key_ids:
                series = list(mine)
                grid = held.along_integers(series) if metric_id is None else held.along_metric(series, metric_id)
                lines = [Line(owner_id, documents.get(context)) for _, owner_id, context in series]
                found[key_ids[key_id]] = Drawing(key_ids[key_id], grid[0], lines, grid[1])
        return [found[key] for key in asked.keys if key in found]


class Held:
    """What is known of the series of one question before their chunks are read.

    Attributes:
        names: The series, sorted.
    """

    def __init__(self, unit: Unit, asked: Question, key_ids: set[int]) -> None:
        self._unit, self._asked = unit, asked
        owners, keys = sorted(asked.origins), sorted(key_ids)
        delta = unit.delta
        rows = unit.rows(EXTENTS.format(among=delta.among), [delta.listed(owners), delta.listed(keys)])
        self._extents = {(row[0], row[1], row[2]): Extent(row[3], row[4], row[5], row[6], int(row[7])) for row in rows}
        self._loose = Loose(unit, owners, keys)
        self.names: list[Name] = sorted({*self._extents, *self._loose.names})

    def along_integers(self, series: Sequence[Name]) -> tuple[int, Buckets]:
        """These series of one key over steps or times: the exponent of their grid, and their buckets."""
        if self._asked.axis != "step":
            self._check(series, OPENED)
        loose, origins = self._loose.of(series), self._origins(series)
        x = along(loose.step if self._asked.axis == "step" else loose.time_us, origins[loose.key])
        grid = grid_of(self._asked, *self._bounds(series, x, origins))
        while True:
            parts = self._parts(series, loose, x, origins, grid)
            buckets = on_grid(parts, grid, self._asked)
            before, grid = grid, wider(grid, buckets, self._asked.count)
            if grid is before:
                return grid.shift, buckets

    def _parts(self, series: Sequence[Name], loose: Points, x: Ints, origins: Ints, grid: Grid) -> list[Buckets]:
        """The parts of buckets from chunks and from the points outside, which lie at these places on the axis."""
        steps = self._asked.axis == "step"
        numbers = {name: number for number, name in enumerate(series)}
        left = np.ones(len(loose), np.bool_)
        opened = Opened(self._unit, "step" if steps else "time_us", grid.shift)
        parts: list[Buckets] = []
        for name, chunks in groupby(self._chunks(series, grid if steps else None), key=_name):
            number = numbers[name]
            start, end = np.searchsorted(loose.key, (number, number + 1)).tolist()
            layer = Layer(opened, name, number, origins[number])
            parts += layer.parts(chunks, loose.take(slice(start, end)))
            left[start:end] = False
        if not left.all():
            loose, x = loose.take(left), x[left]
        return [*parts, *opened.all(), laid(loose.key, 0, x >> grid.shift, loose.value)]

    def along_metric(self, series: Sequence[Name], metric_id: int) -> tuple[int, Buckets]:
        """These series of one key over a metric of the same row: the exponent of their grid, and their buckets."""
        across = sorted({(metric_id, name[1], context) for name in series for context in (0, name[2])})
        self._check([*series, *across], HELD)
        points = {**self._whole(series), **self._whole(across)}
        pieces = []
        for name in series:
            same, plain = points[metric_id, name[1], name[2]], points[metric_id, name[1], 0]
            x, found = matched(points[name], same if len(same) else plain)
            pieces.append((x[found], points[name].value[found]))
        return over_floats(pieces, self._asked)

    def _origins(self, series: Sequence[Name]) -> Ints:
        """Where x counts from in each of the series."""
        if self._asked.axis != "relative_time":
            return np.zeros(len(series), np.int64)
        return np.array([self._asked.origins[owner_id] for _, owner_id, _ in series], np.int64)

    def _check(self, series: Sequence[Name], bound: int) -> None:
        count = sum(self._extents[name].number for name in series if name in self._extents)
        if count > bound:
            raise TooLarge(
                f"The series hold {count} points, more than the {bound} that are read along this axis",
                field="runs",
                bound=bound,
                remedy="ask for fewer runs, or along steps, of which the store has summaries",
            )

    def _bounds(self, series: Sequence[Name], loose: Ints, origins: Ints) -> tuple[int, int]:
        """The least and the greatest x, as far as is known without opening chunks; `loose` are those outside."""
        ends = [loose]
        for name, origin in zip(series, origins, strict=True):
            if name in self._extents:
                extent = self._extents[name]
                of_axis = extent[:2] if self._asked.axis == "step" else extent[2:4]
                ends.append(along(np.array(of_axis, np.int64), origin))
        x = np.concatenate(ends)
        return int(x.min()), int(x.max())

    def _chunks(self, series: Sequence[Name], grid: Grid | None) -> Iterator[Chunk]:
        """The chunks of the series, in order; what a grid of steps needs of them, or whole."""
        key_id = series[0][0]
        sql, asked = WHOLE, [key_id]
        if grid is not None:
            sql, asked = ROUGH, [*[grid.shift] * 6, key_id, grid.low, grid.high]
        for some in self._slices(series):
            self._unit.rest()
            if len(some) == 1:
                yield from self._long(sql, asked, some[0])
                continue
            owners = sorted({owner_id for _, owner_id, _ in some})
            delta = self._unit.delta
            rows = self._unit.rows(f"{sql} AND owner_id {delta.among}", [*asked, delta.listed(owners)])
            wanted = set(some)
            yield from sorted(chunk for chunk in map(Chunk._make, rows) if _name(chunk) in wanted)

    def _long(self, sql: str, asked: Sequence[int], name: Name) -> Iterator[Chunk]:
        """The chunks of one series, some at a time."""
        _, owner_id, context_id = name
        begin = LOWEST, LOWEST
        while True:
            values = [*asked, owner_id, context_id, *begin, PIECE]
            rows = [Chunk._make(row) for row in self._unit.rows(f"{sql} {FROM_ON}", values)]
            yield from rows
            self._unit.rest()
            if len(rows) < PIECE:
                return
            step, time_us = rows[-1].first_step, rows[-1].first_us
            begin = (step, time_us + 1) if time_us < HIGHEST else (step + 1, LOWEST)  # no two begin at one place

    def _slices(self, series: Sequence[Name]) -> Iterator[list[Name]]:
        """The series that have chunks, so many together as one statement may bring."""
        some: list[Name] = []
        held = 0
        for name in series:
            if name not in self._extents:
                continue
            count = self._extents[name].number
            if some and held + count > SLICE:
                yield some
                some, held = [], 0
            some.append(name)
            held += count
        if some:
            yield some

    def _whole(self, series: Sequence[Name]) -> dict[Name, Points]:
        """All points of these series of one key."""
        loose = self._loose.of(series)
        starts = np.searchsorted(loose.key, np.arange(len(series) + 1))
        parts = {name: [loose.take(slice(*starts[at : at + 2]))] for at, name in enumerate(series)}
        for chunk in self._chunks(series, None):
            assert chunk.payload is not None
            parts[_name(chunk)].append(_bare(decode(chunk.payload)))
        return {name: all_of([_bare(part) for part in some]).normal() for name, some in parts.items()}


class Layer:
    """Lays the points of one series into buckets, chunk by chunk."""

    def __init__(self, opened: Opened, name: Name, number: int, origin: Ints) -> None:
        self._opened, self._name, self._number, self._origin = opened, name, number, origin

    def parts(self, chunks: Iterable[Chunk], loose: Points) -> Iterator[Buckets]:
        """The parts of buckets from the chunks, which are in order, and from the points outside of them.

        Those that must be opened, or whose cells must be read, and nothing else, are left to `opened`.
        """
        left = np.ones(len(loose), np.bool_)
        firsts: list[Position] = []
        enough: list[tuple[Any, ...]] = []
        for chunk in chunks:
            first, last = (chunk.first_step, chunk.first_us), (chunk.last_step, chunk.last_us)
            place = 2 * len(firsts) + 1
            firsts.append(first)
            start, end = _among(loose, first, last)
            if start < end:
                left[start:end] = False
                held = decode(self._opened.payload(self._name, chunk))
                yield self._laid(place, all_of([_bare(held), _bare(loose.take(slice(start, end)))]).normal())
            elif chunk.payload is not None:
                self._opened.add(self._number, place, self._origin, chunk)
            elif chunk.cells is not None:
                self._opened.add_cells(self._number, place, chunk.cells)
            else:
                enough.append((place, chunk.first_step >> self._opened.shift, *chunk[7:14]))
        if enough:
            yield self._summarised(enough)
        rest = loose.take(left)
        if len(rest):
            passed = bisect_right(firsts, position(rest, 0))
            edges = [0, *(before(rest, first) for first in firsts[passed:]), len(rest)]
            for number, (start, end) in enumerate(pairwise(edges), passed):
                yield self._laid(2 * number, rest.take(slice(start, end)))

    def _laid(self, place: int, points: Points) -> Buckets:
        x = along(points.step if self._opened.axis == "step" else points.time_us, self._origin)
        return laid(self._number, place, x >> self._opened.shift, points.value)

    def _summarised(self, rows: Sequence[tuple[Any, ...]]) -> Buckets:
        """Chunks that lie within one bucket each, as (place, index, count, nan, min, max, sum, first, last)."""
        columns = list(zip(*rows, strict=True))
        ints = [np.array(column, np.int64) for column in columns[:4]]
        place, index, count, nan = ints
        low, high, total, first, last = (np.array(column, np.float64) for column in columns[4:])  # None becomes NaN
        number = np.full(len(rows), self._number, np.int64)
        return Buckets(number, place, index, count, nan, low, high, np.nan_to_num(total, nan=0.0), first, last)


def _among(points: Points, first: Position, last: Position) -> tuple[int, int]:
    """Which of a series' points lie from one place to another, both included."""
    if not len(points) or last < position(points, 0) or first > position(points, -1):
        return 0, 0
    after = following(last)
    return before(points, first), len(points) if after is None else before(points, after)


def _name(chunk: Chunk) -> Name:
    return chunk.key_id, chunk.owner_id, chunk.context_id


def _bare(points: Points) -> Points:
    """The points of one series without its numbers, so that those from everywhere can be put together."""
    nothing = np.zeros(len(points), np.int64)
    return Points(nothing, nothing, points.row, points.step, points.time_us, points.value)
