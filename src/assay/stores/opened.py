"""The chunks of a question that must be read beyond their rows: their cells, or their points, many chunks at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assay.core.points import cells
from assay.core.points.binning import Axis, binned
from assay.core.points.buckets import Buckets
from assay.core.points.columns import Ints

if TYPE_CHECKING:
    from assay.stores.loose import Name
    from assay.stores.unit import Unit

TOGETHER = 250_000  # points of chunks that are opened together
CELLED = 1_024  # chunks whose cells are read together
PAYLOAD = (
    "SELECT payload FROM metric_chunk WHERE owner_id = ? AND key_id = ? AND context_id = ? "
    "AND first_step = ? AND first_us = ?"
)


class Chunk(NamedTuple):
    """A chunk as it is read: with cells, with its payload, or with neither where the row is enough."""

    key_id: int
    owner_id: int
    context_id: int
    first_step: int
    first_us: int
    last_step: int
    last_us: int
    number: int  # of points
    nan: int
    min: float | None
    max: float | None
    sum: float | None
    first: float | None
    last: float | None
    cells: bytes | None
    payload: bytes | None


class Opened:
    """The chunks of a question that are opened, or whose cells are read: many together, since each by itself would cost
    more than it holds.

    Attributes:
        axis: The column along which they are laid.
        shift: Of the buckets.
    """

    def __init__(self, unit: Unit, axis: Axis, shift: int) -> None:
        self.axis, self.shift = axis, shift
        self._unit = unit
        self._found: list[Buckets] = []
        self._waiting: list[tuple[int, int, Ints, bytes]] = []
        self._points = 0
        self._celled: list[tuple[int, int, bytes]] = []

    def add_cells(self, number: int, place: int, payload: bytes) -> None:
        """The cells of a chunk at this place of the series of this number."""
        self._celled.append((number, place, payload))
        if len(self._celled) >= CELLED:
            self._read_cells()

    def add(self, number: int, place: int, origin: Ints, chunk: Chunk) -> None:
        """The chunk's points lie at this place of the series of this number."""
        assert chunk.payload is not None
        self._waiting.append((number, place, origin, chunk.payload))
        self._points += chunk.number
        if self._points >= TOGETHER:
            self._open()

    def all(self) -> list[Buckets]:
        """Their parts of buckets."""
        if self._waiting:
            self._open()
        if self._celled:
            self._read_cells()
        return self._found

    def _read_cells(self) -> None:
        numbers, at, payloads = zip(*self._celled, strict=True)
        series, place = (np.array(each, np.int64) for each in (numbers, at))
        self._found.append(cells.decode(payloads, self.shift, series, place))
        self._celled = []
        self._unit.rest()

    def _open(self) -> None:
        numbers, at, origins, payloads = zip(*self._waiting, strict=True)
        # Each chunk by its number among these, until there are buckets
        found = binned(payloads, self.axis, self.shift, origins)
        series, place = (np.array(each, np.int64)[found.series] for each in (numbers, at))
        self._found.append(replace(found, series=series, place=place))
        self._waiting, self._points = [], 0
        self._unit.rest()

    def payload(self, name: Name, chunk: Chunk) -> bytes:
        """A chunk's payload, which was not asked for before."""
        if chunk.payload is not None:
            return chunk.payload
        key_id, owner_id, context_id = name
        of_chunk = [owner_id, key_id, context_id, chunk.first_step, chunk.first_us]
        return bytes(self._unit.rows(PAYLOAD, of_chunk)[0][0])
