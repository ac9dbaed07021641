"""Many payloads at once, straight into buckets: no more of them is decoded than a plot along one axis needs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Literal, NamedTuple

import numpy as np

from assay.core.points.buckets import Buckets, concat, reduced
from assay.core.points.bulk import count_of, ints_of, values_of
from assay.core.points.columns import Ints
from assay.core.points.drawing import along, laid
from assay.core.points.packed import places
from assay.core.points.payload import EQUAL, expand
from assay.wire.errors import Corrupt

Axis = Literal["step", "time_us"]
COLUMNS = ("key", "context", "row", "step", "time_us")  # in the order of a body
NARROW = 4  # bytes of a difference of even columns: so many points of such differences lie within int64


class Body(NamedTuple):
    """An expanded payload, as far as it is known before it is decoded."""

    number: int  # of the payload
    data: bytes
    size: int  # points
    at: int  # where the column along which it is laid begins
    mode: int
    stride: int  # by which each number of that column is more than the one before; -1 where that varies
    values_at: int
    kind: int  # mode of its values

    @property
    def first(self) -> int:
        """The first number of the column."""
        return int.from_bytes(self.data[self.at + 1 : self.at + 9], "little", signed=True)


def binned(payloads: Sequence[bytes], axis: Axis, shift: int, origins: Sequence[int]) -> Buckets:
    """The points of chunks in buckets, chunk by chunk: `series` is a chunk's position, and `place` is 0.

    Args:
        payloads: Of points of one series each, in their order.
        axis: The column along which they are laid.
        shift: A bucket is `2**shift` wide.
        origins: Where that axis begins, of each payload.

    Raises:
        Corrupt: As `payload.decode`.
    """
    bodies = [expand(payload) for payload in payloads]
    shifted = any(origins)
    try:
        known = [_body(number, data, axis) for number, data in enumerate(bodies)]
    except (ValueError, IndexError) as error:
        raise Corrupt(f"A payload of points cannot be read: {error}") from error
    parts: list[Buckets] = []
    for even, alike in groupby(known, key=lambda body: not shifted and 0 <= body.stride <= 1 << shift):
        for (mode, kind), group in groupby(alike, key=lambda body: (body.mode, body.kind)):
            some = list(group)
            number, count = (
                np.array(column, np.int64) for column in ([b.number for b in some], [b.size for b in some])
            )
            data = [body.data for body in some]
            value = values_of(data, [body.values_at for body in some], kind, count)
            if even:
                position, index, starts = _edges(some, count, shift)
                parts.append(reduced(starts, number[position], np.zeros(len(starts), np.int64), index, value))
                continue
            x = ints_of(data, [body.at for body in some], mode, count)
            if shifted:
                x = along(x, np.repeat(np.array([origins[body.number] for body in some], np.int64), count))
            parts.append(laid(np.repeat(number, count), 0, x >> shift, value))
    return concat(parts)


def _body(number: int, data: bytes, axis: Axis) -> Body:
    count = count_of(data)
    found = places(data, count)
    at, values_at = found[COLUMNS.index(axis)], found[-1]
    mode = data[at]
    return Body(number, data, count, at, mode, _stride(data, at, mode, count), values_at, data[values_at])


def _stride(data: bytes, at: int, mode: int, count: int) -> int:
    """By how much each number of a column is more than the one before; -1 where that varies, or is less."""
    if mode == EQUAL:
        return 0
    if mode > NARROW or count < 2:
        return -1
    planes = data[at + 9 : at + 9 + mode * (count - 1)]
    each = planes[:: count - 1]
    even = planes == b"".join([each[weight : weight + 1] * (count - 1) for weight in range(mode)])
    return max(int.from_bytes(each, "little", signed=True), -1) if even else -1


def _edges(bodies: Sequence[Body], count: Ints, shift: int) -> tuple[Ints, Ints, Ints]:
    """Where buckets begin in columns that grow evenly, and by no more than a bucket's width, so that none is empty.

    Returns:
        int64 of shape (buckets,): the position of the body, the bucket's index, and its first point among all.
    """
    first, stride = (np.array(column, np.int64) for column in ([b.first for b in bodies], [b.stride for b in bodies]))
    low, high = first >> shift, first + stride * (count - 1) >> shift
    buckets = high - low + 1
    position = np.repeat(np.arange(len(bodies)), buckets)
    index = np.arange(len(position)) + (low - (np.cumsum(buckets) - buckets))[position]
    passed = -((first[position] - (index << shift)) // np.maximum(stride, 1)[position])  # points of the body before it
    return position, index, np.maximum(passed, 0) + (np.cumsum(count) - count)[position]
