"""The stored form of points: format, codec and checksum, then compressed columns.

Format 1: `<BBII` = format, codec, CRC-32 of what follows the header, size of the expanded body. The body is a count
(`<I`), then six columns. A column is a mode byte and its data: 0 all equal (8 bytes), 1 int64 as deltas with the bytes
of equal weight side by side, 2 float64 with its bytes so, 3 float32 so. Every format stays readable for ever.
"""

from __future__ import annotations

import struct
import threading
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import zstandard

from assay.core.points.columns import Floats, Ints, Points
from assay.wire.errors import Corrupt

HEADER = struct.Struct("<BBII")
FORMAT = 1
ZSTD = 1
MAX_POINTS = 1 << 22
EQUAL, DELTAS, DOUBLES, SINGLES = 0, 1, 2, 3

_mine = threading.local()  # making a compressor costs more than using it, and one serves one thread


def encode(points: Points, level: int = 1) -> bytes:
    """The points as a payload; level is zstandard's."""
    ints = (points.key, points.context, points.row, points.step, points.time_us)
    body = b"".join(
        (struct.pack("<I", len(points)), *(_encode_ints(column) for column in ints), _encode_floats(points.value))
    )
    packed = _compressor(level).compress(body)
    return HEADER.pack(FORMAT, ZSTD, zlib.crc32(packed), len(body)) + packed


def decode(payload: bytes) -> Points:
    """The points of a payload.

    Raises:
        Corrupt: The bytes do not match their checksum or break the format, or the format is newer than this code.
    """
    if len(payload) < HEADER.size:
        raise Corrupt("A payload of points is shorter than its header")
    format_, codec, crc, size = HEADER.unpack_from(payload)
    if format_ != FORMAT or codec != ZSTD:
        raise Corrupt(f"Unknown payload format {format_}, codec {codec}", remedy="upgrade the server")
    packed = payload[HEADER.size :]
    if zlib.crc32(packed) != crc:
        raise Corrupt("A payload of points does not match its checksum")
    if size > 4 + 6 * (1 + 8 * MAX_POINTS):
        raise Corrupt("A payload of points claims an impossible size")
    try:
        body = zstandard.ZstdDecompressor().decompress(packed, max_output_size=size)
        return _decode_body(body)
    except (zstandard.ZstdError, struct.error, ValueError, IndexError) as error:
        raise Corrupt(f"A payload of points cannot be read: {error}") from error


def _compressor(level: int) -> zstandard.ZstdCompressor:
    made: dict[int, zstandard.ZstdCompressor] = _mine.__dict__.setdefault("compressors", {})
    if level not in made:
        made[level] = zstandard.ZstdCompressor(level=level)
    return made[level]


def _decode_body(body: bytes) -> Points:
    (count,) = struct.unpack_from("<I", body)
    if count > MAX_POINTS:
        raise ValueError("too many points")
    at = 4
    columns: list[tuple[int, bytes]] = []
    for _ in range(6):
        mode = body[at]
        width = {EQUAL: 8, DELTAS: 8 * count, DOUBLES: 8 * count, SINGLES: 4 * count}[mode] if mode < 4 else 0
        if mode > SINGLES:
            raise ValueError("unknown column mode")
        data = body[at + 1 : at + 1 + width]
        if len(data) != width:
            raise ValueError("a column is cut short")
        columns.append((mode, data))
        at += 1 + width
    key, context, row, step, time_us = (_decode_ints(mode, data, count) for mode, data in columns[:5])
    mode, data = columns[5]
    return Points(key, context, row, step, time_us, _decode_floats(mode, data, count))


def _shuffle(column: npt.NDArray[Any]) -> bytes:
    width = column.dtype.itemsize
    return column.view(np.uint8).reshape(-1, width).T.tobytes()


def _unshuffle(data: bytes, dtype: str, count: int) -> npt.NDArray[Any]:
    width = np.dtype(dtype).itemsize
    return np.frombuffer(data, np.uint8).reshape(width, count).T.copy().view(dtype).reshape(count)


def _encode_ints(column: Ints) -> bytes:
    if len(column) and (column == column[0]).all():
        return bytes((EQUAL,)) + column[:1].astype("<i8").tobytes()
    with np.errstate(over="ignore"):
        deltas = np.diff(column, prepend=np.int64(0))
    return bytes((DELTAS,)) + _shuffle(np.ascontiguousarray(deltas, "<i8"))


def _decode_ints(mode: int, data: bytes, count: int) -> Ints:
    if mode == EQUAL:
        return np.full(count, np.frombuffer(data, "<i8")[0], np.int64)
    if mode != DELTAS:
        raise ValueError("wrong mode of an integer column")
    with np.errstate(over="ignore"):
        return np.cumsum(_unshuffle(data, "<i8", count), dtype=np.int64)


def _encode_floats(column: Floats) -> bytes:
    with np.errstate(over="ignore", invalid="ignore"):
        singles = column.astype("<f4")
        exact = bool((singles.astype("<f8").view(np.int64) == column.view(np.int64)).all())
    if exact:
        return bytes((SINGLES,)) + _shuffle(singles)
    return bytes((DOUBLES,)) + _shuffle(np.ascontiguousarray(column, "<f8"))


def _decode_floats(mode: int, data: bytes, count: int) -> Floats:
    if mode == SINGLES:
        return _unshuffle(data, "<f4", count).astype(np.float64)
    if mode != DOUBLES:
        raise ValueError("wrong mode of a value column")
    return _unshuffle(data, "<f8", count)
