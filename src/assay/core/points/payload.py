"""The stored form of points: compressed columns.

Format 1, in an envelope (`core.envelope`): a count (`<I`), then six columns: key, context, row, step, time and value.
A column is a mode byte and its data:

- 0: all equal (8 bytes);
- 1, 2, 4, 8: int64 as its first value (8 bytes) and the differences to the one before, each in so many bytes, the bytes
  of equal weight side by side;
- 16: float64 with its bytes so, 17: float32 so.

Every format stays readable for ever.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from assay.core.envelope import HEADER, RAW, opened, sealed
from assay.core.points.columns import Floats, Ints, Points, concat, one
from assay.wire.errors import Corrupt, TooLarge

FORMAT = 1
MAX_POINTS = 1 << 22  # of a payload
BODY = 4 + 6 * (9 + 8 * MAX_POINTS)  # bytes of a body, at most
EQUAL, DOUBLES, SINGLES = 0, 16, 17
FEW = 4  # payloads that are read faster one by one
WIDTHS = (1, 2, 4, 8)

_COUNT = struct.Struct("<I")
_INT = struct.Struct("<q")
# A single point, which most calls bring, needs no arrays: the body with all columns equal, as modes and data.
_ONE_DOUBLE = struct.Struct("<IBqBqBqBqBqBd")
_ONE_SINGLE = struct.Struct("<IBqBqBqBqBqBf")
_SINGLE = struct.Struct("<f")
_HEAD = [("format", "u1"), ("codec", "u1"), ("crc", "<u4"), ("size", "<u4"), ("count", "<u4")]
_INTS = ("key", "context", "row", "step", "time_us")
_EQUALS = [field for name in _INTS for field in ((f"{name}_mode", "u1"), (name, "<i8"))]
# Whole payloads of a single point: by their length, how they are read many at once, and the mode of their value.
_ONES = {
    dtype.itemsize: (dtype, mode)
    for kind, mode in (("<f8", DOUBLES), ("<f4", SINGLES))
    for dtype in [np.dtype([*_HEAD, *_EQUALS, ("mode", "u1"), ("value", kind)])]
}
MAX_SINGLE = float(np.finfo(np.float32).max)


def encode(points: Points, level: int = 1) -> bytes:
    """The points as a payload; level is zstandard's.

    Raises:
        TooLarge: There are more than `MAX_POINTS`. So many lie in one payload only where they share a step and a time.
    """
    if len(points) > MAX_POINTS:
        raise TooLarge(
            f"A series would hold {len(points)} points at one step and time",
            field="step",
            bound=MAX_POINTS,
            remedy="log later points under other steps or times",
        )
    if len(points) == 1:
        key, context, row = points.key.item(), points.context.item(), points.row.item()
        return encode_one(key, context, row, points.step.item(), points.time_us.item(), points.value.item())
    return sealed(_body(points), FORMAT, level)


def _body(points: Points) -> bytes:
    ints = (points.key, points.context, points.row, points.step, points.time_us)
    return b"".join(
        (_COUNT.pack(len(points)), *(_encode_ints(column) for column in ints), _encode_floats(points.value))
    )


def encode_one(key: int, context: int, row: int, step: int, time_us: int, value: float) -> bytes:
    """A single point as a payload."""
    form, mode = _ONE_DOUBLE, DOUBLES
    if not math.isnan(value) and abs(value) <= MAX_SINGLE and _SINGLE.unpack(_SINGLE.pack(value))[0] == value:
        form, mode = _ONE_SINGLE, SINGLES
    body = form.pack(1, EQUAL, key, EQUAL, context, EQUAL, row, EQUAL, step, EQUAL, time_us, mode, value)
    return sealed(body, FORMAT, 0)  # so short that no level compresses it


def decode(payload: bytes) -> Points:
    """The points of a payload.

    Raises:
        Corrupt: The bytes do not match their checksum or break the format, or the format is newer than this code.
    """
    return decode_body(expand(payload))


def decode_all(payloads: Sequence[bytes]) -> Points:
    """The points of all payloads, in no order: many single ones cost little more than one. Raises Corrupt."""
    parts: list[Points] = []
    ones: dict[int, list[bytes]] = {}
    for payload in payloads:
        if len(payload) in _ONES:
            ones.setdefault(len(payload), []).append(payload)
        else:
            parts.append(decode(payload))
    for length, some in ones.items():
        found = _decode_ones(some, *_ONES[length]) if len(some) > FEW else None
        parts += [found] if found is not None else [decode(payload) for payload in some]
    return concat(parts)


def _decode_ones(payloads: Sequence[bytes], dtype: np.dtype[Any], mode: int) -> Points | None:
    """The points of payloads of this length, if each is sound and holds a single one."""
    read = np.frombuffer(b"".join(payloads), dtype)
    sums = [crc32(payload[HEADER.size :]) for payload in payloads]
    sound = (
        (read["format"] == FORMAT)
        & (read["codec"] == RAW)
        & (read["crc"] == sums)
        & (read["size"] == dtype.itemsize - HEADER.size)
        & (read["count"] == 1)
        & (read["mode"] == mode)
    )
    for name in _INTS:
        sound &= read[f"{name}_mode"] == EQUAL
    if not sound.all():
        return None
    key, context, row, step, time_us = (read[name].astype(np.int64) for name in _INTS)
    return Points(key, context, row, step, time_us, read["value"].astype(np.float64))


def expand(payload: bytes) -> bytes:
    """The body of a payload: a count, and six columns. Raises Corrupt as `decode` does."""
    return opened(payload, FORMAT, BODY, "points")


def decode_body(body: bytes) -> Points:
    """The points of what the envelope of a payload holds. Raises Corrupt."""
    try:
        return _decode_body(body)
    except (struct.error, ValueError, IndexError) as error:
        raise Corrupt(f"A payload of points cannot be read: {error}") from error


def _decode_body(body: bytes) -> Points:
    (count,) = _COUNT.unpack_from(body)
    if count > MAX_POINTS:
        raise ValueError("too many points")
    if count == 1:
        return _decode_one(body)
    at = _COUNT.size
    ints: list[Ints] = []
    for _ in range(5):
        column, at = decode_ints(body, at, count)
        ints.append(column)
    value, at = decode_floats(body, at, count)
    if at != len(body):
        raise ValueError("bytes are left over")
    key, context, row, step, time_us = ints
    return Points(key, context, row, step, time_us, value)


def _decode_one(body: bytes) -> Points:
    form = _ONE_SINGLE if len(body) == _ONE_SINGLE.size else _ONE_DOUBLE
    _, m1, key, m2, context, m3, row, m4, step, m5, time_us, mode, value = form.unpack(body)
    if (m1, m2, m3, m4, m5) != (EQUAL,) * 5 or mode != (SINGLES if form is _ONE_SINGLE else DOUBLES):
        raise ValueError("wrong mode of a column")
    return one(key, context, row, step, time_us, value)


def _shuffle(column: npt.NDArray[Any]) -> bytes:
    width = column.dtype.itemsize
    return column.tobytes() if width == 1 else column.view(np.uint8).reshape(-1, width).T.tobytes()


def _unshuffle(body: bytes, at: int, dtype: str, count: int) -> tuple[npt.NDArray[Any], int]:
    width = np.dtype(dtype).itemsize
    end = at + width * count
    if end > len(body):
        raise ValueError("a column is cut short")
    planes = np.frombuffer(body, np.uint8, width * count, at).reshape(width, count)
    column = np.empty((count, width), np.uint8)
    for weight in range(width):  # faster than to transpose
        column[:, weight] = planes[weight]
    return column.view(dtype).reshape(count), end


def _encode_ints(column: Ints) -> bytes:
    n = len(column)
    if n == 0 or bool((column == column[0]).all()):
        return b"\0" + _INT.pack(int(column[0]) if n else 0)
    deltas = column[1:] - column[:-1]  # wraps around, as adding up does
    low, high = int(deltas.min()), int(deltas.max())
    for width in WIDTHS:
        if -(1 << (8 * width - 1)) <= low and high < 1 << (8 * width - 1):
            break
    return bytes((width,)) + _INT.pack(int(column[0])) + _shuffle(deltas.astype(f"<i{width}"))


def decode_ints(body: bytes, at: int, count: int) -> tuple[Ints, int]:
    """The column of whole numbers that begins there in a body, and where it ends. Raises ValueError."""
    mode = body[at]
    (first,) = _INT.unpack_from(body, at + 1)
    if mode == EQUAL:
        return np.full(count, first, np.int64), at + 9
    if mode not in WIDTHS or count == 0:
        raise ValueError("wrong mode of an integer column")
    deltas, end = _unshuffle(body, at + 9, f"<i{mode}", count - 1)
    column = np.empty(count, np.int64)
    column[0] = first
    column[1:] = deltas
    return np.cumsum(column, out=column), end


def _encode_floats(column: Floats) -> bytes:
    with np.errstate(over="ignore", invalid="ignore"):
        singles = column.astype("<f4")
        exact = bool((singles.astype("<f8").view(np.int64) == column.view(np.int64)).all())
    if exact:
        return bytes((SINGLES,)) + _shuffle(singles)
    return bytes((DOUBLES,)) + _shuffle(np.ascontiguousarray(column, "<f8"))


def decode_floats(body: bytes, at: int, count: int) -> tuple[Floats, int]:
    """The column of values that begins there in a body, and where it ends. Raises ValueError."""
    mode = body[at]
    if mode == SINGLES:
        values, end = _unshuffle(body, at + 1, "<f4", count)
        with np.errstate(invalid="ignore"):
            return values.astype(np.float64), end
    if mode != DOUBLES:
        raise ValueError("wrong mode of a value column")
    return _unshuffle(body, at + 1, "<f8", count)
