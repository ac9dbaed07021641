"""The stored form of a journal: a segment is a head and frames, each a record with its number and a checksum.

    head     `<8sQII`: magic, number of the first record, CRC-32 of both, nothing
    frame    `<IIQ`: length of the body, CRC-32 of number and body, number; then the body; padded to 8 bytes

The length is stored last, so a frame is either whole or not there: what follows a frame that is cut short, damaged or
of length 0 was never acknowledged. Numbers count items, of which a record may hold several.

Every format stays readable for ever.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

MAGIC = b"assayj\x00\x01"  # the last byte is the format
HEAD = struct.Struct("<8sQII")
FRAME = struct.Struct("<IIQ")
LENGTH = struct.Struct("<I")
CRC = struct.Struct("<I")
NUMBER = struct.Struct("<Q")
RECORD_BOUND = 1 << 20  # bytes of a body


def head(first: int) -> bytes:
    """The head of a segment whose first record has this number."""
    crc = zlib.crc32(MAGIC + NUMBER.pack(first))
    return HEAD.pack(MAGIC, first, crc, 0)


def first_number(data: bytes | memoryview) -> int | None:
    """The number of a segment's first record, or None if this is no whole head of ours."""
    if len(data) < HEAD.size:
        return None
    magic, first, crc, _ = HEAD.unpack_from(data)
    return first if magic == MAGIC and crc == zlib.crc32(MAGIC + NUMBER.pack(first)) else None


def frame(number: int, body: bytes) -> bytes:
    """A whole frame, padded."""
    numbered = NUMBER.pack(number) + body
    return LENGTH.pack(len(body)) + CRC.pack(zlib.crc32(numbered)) + numbered + bytes(-len(body) % 8)


def frames(data: bytes | memoryview, at: int = HEAD.size) -> Iterator[tuple[int, bytes]]:
    """(number, body) of each record of a segment from a frame on, up to the first that is not whole."""
    if first_number(data) is None:
        return
    end = len(data)
    while at + FRAME.size <= end:
        length, crc, number = FRAME.unpack_from(data, at)
        begin = at + FRAME.size
        if length == 0 or begin + length > end:
            return
        body = bytes(data[begin : begin + length])
        if zlib.crc32(NUMBER.pack(number) + body) != crc:
            return
        yield number, body
        at = begin + length + (-length % 8)
