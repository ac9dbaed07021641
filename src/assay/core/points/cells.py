"""Cells: the buckets of one chunk at a fixed width, stored beside it, so that a rough plot need not open the chunk.

A body is `<BBHq` = shift, whether values are float32, number, first index, then columns: indexes counted from the
first, counts, counts of NaN (uint32), totals (float64), then min, max, first and last (float32 where all are exactly
that, else float64).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from assay.core.envelope import opened, sealed
from assay.core.points.buckets import Buckets, bucketed, concat, shift_of
from assay.core.points.columns import Ints, Points
from assay.wire.errors import Corrupt

FORMAT = 1
CELLS = 32  # at most, of a chunk
WORTH = 1_024  # points of a chunk that is quicker to summarise than to open
HEAD = struct.Struct("<BBHq")
INDEX = HEAD.size - 8  # where the first index stands; what is between the shift and it tells one layout from another
BOUND = HEAD.size + CELLS * (3 * 4 + 5 * 8)
Column = npt.NDArray[Any]


def celled(points: Points) -> tuple[int | None, bytes | None]:
    """The shift of a chunk's cells and their payload; none where the chunk is small. The points are one series'."""
    if len(points) < WORTH:
        return None, None
    shift = shift_of(int(points.step[0]), int(points.step[-1]), CELLS)
    return shift, encode(bucketed(0, 0, points.step >> shift, points.value), shift)


def encode(cells: Buckets, shift: int) -> bytes:
    """The cells of one chunk as a payload. It is not compressed: what is read for each plot is read fast."""
    values = (cells.min, cells.max, cells.first, cells.last)
    with np.errstate(over="ignore", invalid="ignore"):
        exact = all(np.array_equal(column.astype("<f4").astype("<f8"), column, equal_nan=True) for column in values)
    first = int(cells.index[0])
    parts = [HEAD.pack(shift, exact, len(cells), first)]
    parts += [column.astype("<u4").tobytes() for column in (cells.index - first, cells.count, cells.nan)]
    parts.append(cells.total.astype("<f8").tobytes())
    parts += [column.astype("<f4" if exact else "<f8").tobytes() for column in values]
    return sealed(b"".join(parts), FORMAT, 0)


def decode(payloads: Sequence[bytes], shift: int, series: Ints, place: Ints) -> Buckets:
    """The cells of many chunks in buckets of this shift, which is not below their own, in the order of the payloads.

    Those of one layout are read as one matrix: each by itself would cost more than it holds.

    Args:
        payloads: As `encode` makes them, `n`.
        shift: Of the buckets.
        series: int64 (n,), the series of each chunk.
        place: int64 (n,), and its place in that.

    Raises:
        Corrupt: The bytes of one break the format.
    """
    if not payloads:
        return concat([])
    bodies = [opened(payload, FORMAT, BOUND, "cells") for payload in payloads]
    alike: dict[tuple[bytes, int], list[int]] = {}
    for position, body in enumerate(bodies):
        alike.setdefault((body[1:INDEX], len(body)), []).append(position)
    sizes = np.zeros(len(bodies), np.int64)
    read: list[tuple[Ints, list[Column]]] = []
    for positions in alike.values():
        try:
            columns = _columns([bodies[position] for position in positions], shift)
        except (struct.error, ValueError) as error:
            raise Corrupt(f"Cells cannot be read: {error}") from error
        sizes[positions] = columns[0].shape[1]
        read.append((np.array(positions, np.int64), columns))
    starts = np.cumsum(sizes) - sizes
    found = [np.empty(int(sizes.sum()), column.dtype) for column in read[0][1]]
    for of_layout, columns in read:
        to = starts[of_layout, None] + np.arange(columns[0].shape[1])
        for whole, column in zip(found, columns, strict=True):
            whole[to] = column
    return Buckets(np.repeat(series, sizes), np.repeat(place, sizes), *found)


def _columns(bodies: Sequence[bytes], shift: int) -> list[Column]:
    """What `Buckets` has after its place, each of shape (bodies, cells), of bodies of one layout.

    Raises:
        struct.error, ValueError: The bytes break the format.
    """
    _, exact, n, _ = HEAD.unpack_from(bodies[0])
    value = "<f4" if exact else "<f8"
    size = HEAD.size + n * (3 * 4 + 8 + 4 * np.dtype(value).itemsize)
    matrix = np.frombuffer(b"".join(bodies), np.uint8).reshape(len(bodies), -1)
    own = matrix[:, :1].astype(np.int64)
    if matrix.shape[1] != size or own.max() > shift:
        raise ValueError("bytes are left over, or the cells are too wide")

    def column(at: int, dtype: str, number: int) -> Column:
        return np.ascontiguousarray(matrix[:, at : at + number * np.dtype(dtype).itemsize]).view(dtype)

    at = HEAD.size
    counts = column(at, "<u4", 3 * n).astype(np.int64)
    total = column(at + 12 * n, "<f8", n)
    with np.errstate(invalid="ignore"):
        values = column(at + 20 * n, value, 4 * n).astype(np.float64)
    index = (counts[:, :n] + column(INDEX, "<i8", 1)) >> shift - own
    low, high, first, last = np.split(values, 4, axis=1)
    return [index, counts[:, n : 2 * n], counts[:, 2 * n :], low, high, total, first, last]


def stand_for(points: Points, shift: int | None, payload: bytes | None) -> bool:
    """Whether these are cells of this chunk, or it has none. Sums may differ as sums of floats do.

    Raises:
        Corrupt: The bytes break the format.
    """
    if shift is None or payload is None:
        return shift is None and payload is None
    nothing = np.zeros(1, np.int64)
    found = decode([payload], shift, nothing, nothing)
    direct = bucketed(0, 0, points.step >> shift, points.value)
    if len(found) != len(direct):
        return False
    same = (
        np.array_equal(getattr(found, name), getattr(direct, name), equal_nan=True)
        for name in ("index", "count", "nan", "min", "max", "first", "last")
    )
    return all(same) and np.allclose(found.mean(), direct.mean(), 1e-6, 1e-6 * _largest(direct), equal_nan=True)


def _largest(buckets: Buckets) -> float:
    ends = np.abs(np.concatenate([buckets.min, buckets.max]))
    return float(ends[np.isfinite(ends)].max(initial=0.0))
