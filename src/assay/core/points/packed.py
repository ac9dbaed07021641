"""A payload's points whose columns are decoded one by one: who needs one column of many chunks pays for no other."""

from __future__ import annotations

import struct

import numpy as np

from assay.core.points.columns import NO_ROW, Floats, Ints, Points
from assay.core.points.payload import DOUBLES, EQUAL, MAX_POINTS, SINGLES, WIDTHS, decode_floats, decode_ints, expand
from assay.wire.errors import Corrupt

_COUNT = struct.Struct("<I")
_INT = struct.Struct("<q")
_KEY, _CONTEXT, _ROW, _STEP, _TIME, _VALUE = range(6)


class Packed:
    """The points of a stored payload, expanded and checked. A column is decoded whenever it is asked for.

    Args:
        payload: As `payload.encode` makes it.

    Raises:
        Corrupt: The bytes do not match their checksum or break the format, or the format is newer than this code.
    """

    __slots__ = ("_body", "_count", "_places")

    def __init__(self, payload: bytes) -> None:
        body = self._body = expand(payload)
        try:
            (self._count,) = _COUNT.unpack_from(body)
            self._places = places(body, self._count)
        except (struct.error, ValueError, IndexError) as error:
            raise Corrupt(f"A payload of points cannot be read: {error}") from error

    def __len__(self) -> int:
        return int(self._count)

    def _ints(self, column: int) -> Ints:
        return decode_ints(self._body, self._places[column], self._count)[0]

    @property
    def step(self) -> Ints:
        """The steps."""
        return self._ints(_STEP)

    @property
    def time_us(self) -> Ints:
        """The times in microseconds."""
        return self._ints(_TIME)

    @property
    def row(self) -> Ints:
        """The rows."""
        return self._ints(_ROW)

    @property
    def value(self) -> Floats:
        """The values."""
        return decode_floats(self._body, self._places[_VALUE], self._count)[0]

    @property
    def has_rows(self) -> bool:
        """Whether a point has a row."""
        at = self._places[_ROW]
        if self._body[at] == EQUAL:
            return bool(_INT.unpack_from(self._body, at + 1)[0] != NO_ROW)
        return bool((self.row != NO_ROW).any())

    def points(self) -> Points:
        """All columns."""
        return Points(self._ints(_KEY), self._ints(_CONTEXT), self.row, self.step, self.time_us, self.value)


Columns = Points | Packed


def has_rows(columns: Columns) -> bool:
    """Whether a point of the columns has a row."""
    return columns.has_rows if isinstance(columns, Packed) else bool(np.any(columns.row != NO_ROW))


def points_of(columns: Columns) -> Points:
    """The columns, decoded."""
    return columns.points() if isinstance(columns, Packed) else columns


def places(body: bytes, count: int) -> tuple[int, ...]:
    """Where each column begins. Raises ValueError or IndexError for what is no body of so many points."""
    if not 0 < count <= MAX_POINTS:
        raise ValueError("it holds no points, or too many")
    found, at = [], _COUNT.size
    for _ in range(_VALUE):
        found.append(at)
        mode = body[at]
        if mode != EQUAL and mode not in WIDTHS:
            raise ValueError("wrong mode of an integer column")
        at += 9 + mode * (count - 1)
    found.append(at)
    if body[at] not in (SINGLES, DOUBLES):
        raise ValueError("wrong mode of a value column")
    at += 1 + count * (4 if body[at] == SINGLES else 8)
    if at != len(body):
        raise ValueError("its length is not what its columns say")
    return tuple(found)
