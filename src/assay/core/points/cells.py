"""Cells: the buckets of one chunk at a fixed width, stored beside it, so that a rough plot need not open the chunk.

A body is `<BBHq` = shift, whether values are float32, number, first index, then columns: indexes counted from the
first, counts, counts of NaN (uint32), totals (float64), then min, max, first and last (float32 where all are exactly
that, else float64).
"""

from __future__ import annotations

import struct

import numpy as np

from assay.core.envelope import opened, sealed
from assay.core.points.buckets import Buckets, bucketed, shift_of
from assay.core.points.columns import Points
from assay.wire.errors import Corrupt

FORMAT = 1
CELLS = 32  # at most, of a chunk
WORTH = 1_024  # points of a chunk that is quicker to summarise than to open
HEAD = struct.Struct("<BBHq")
BOUND = HEAD.size + CELLS * (3 * 4 + 5 * 8)


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


def decode(payload: bytes, shift: int, series: int, place: int) -> Buckets:
    """The cells in buckets of this shift, which is not below their own, as parts of a series at this place.

    Raises:
        Corrupt: The bytes break the format.
    """
    body = opened(payload, FORMAT, BOUND, "cells")
    try:
        own, exact, n, first = HEAD.unpack_from(body)
        at = HEAD.size
        counts = np.frombuffer(body, "<u4", 3 * n, at).astype(np.int64)
        at += 12 * n
        total = np.frombuffer(body, "<f8", n, at).astype(np.float64)
        at += 8 * n
        values = np.frombuffer(body, "<f4" if exact else "<f8", 4 * n, at).astype(np.float64)
        if own > shift or at + 4 * n * (4 if exact else 8) != len(body):
            raise ValueError("bytes are left over, or the cells are too wide")
    except (struct.error, ValueError) as error:
        raise Corrupt(f"Cells cannot be read: {error}") from error
    index = (counts[:n] + first) >> shift - own
    low, high, begin, end = values[:n], values[n : 2 * n], values[2 * n : 3 * n], values[3 * n :]
    here = np.full(n, series, np.int64), np.full(n, place, np.int64)
    return Buckets(*here, index, counts[n : 2 * n], counts[2 * n :], low, high, total, begin, end)


def stand_for(points: Points, shift: int | None, payload: bytes | None) -> bool:
    """Whether these are cells of this chunk, or it has none. Sums may differ as sums of floats do.

    Raises:
        Corrupt: The bytes break the format.
    """
    if shift is None or payload is None:
        return shift is None and payload is None
    found = decode(payload, shift, 0, 0)
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
