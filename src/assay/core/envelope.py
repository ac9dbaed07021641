"""The envelope of every stored payload: format, codec and checksum, then the body, compressed where that is worth it.

`<BBII` = format, codec, CRC-32 of what follows the header, size of the expanded body. Codec 0 stores the body as it is,
codec 1 as one zstandard frame. Every format stays readable for ever.
"""

from __future__ import annotations

import struct
import threading
import zlib
from typing import TYPE_CHECKING

from assay.wire.errors import Corrupt

if TYPE_CHECKING:  # who only asks for bounds does not pay for it
    from zstandard import ZstdCompressor, ZstdDecompressor

HEADER = struct.Struct("<BBII")
RAW, ZSTD = 0, 1
WORTH_COMPRESSING = 128  # bytes of a body

_mine = threading.local()  # making a compressor costs more than using it, and one serves one thread


def sealed(body: bytes, format_: int, level: int) -> bytes:
    """The body as a payload; level is zstandard's, 0 for not compressed."""
    small = not level or len(body) < WORTH_COMPRESSING
    codec, packed = (RAW, body) if small else (ZSTD, _compressor(level).compress(body))
    return HEADER.pack(format_, codec, zlib.crc32(packed), len(body)) + packed


def opened(payload: bytes, format_: int, bound: int, what: str) -> bytes:
    """The body of a payload.

    Args:
        payload: As it was stored.
        format_: The only one that the caller reads.
        bound: The most bytes that a body may have.
        what: What the payload holds, in words.

    Raises:
        Corrupt: The bytes do not match their checksum or break the format, or the format is newer than this code.
    """
    if len(payload) < HEADER.size:
        raise Corrupt(f"A payload of {what} is shorter than its header")
    found, codec, crc, size = HEADER.unpack_from(payload)
    if found != format_ or codec not in (RAW, ZSTD):
        raise Corrupt(f"Unknown payload format {found}, codec {codec}", remedy="upgrade the server")
    packed = payload[HEADER.size :]
    if zlib.crc32(packed) != crc:
        raise Corrupt(f"A payload of {what} does not match its checksum")
    if size > bound:
        raise Corrupt(f"A payload of {what} claims an impossible size")
    body = packed if codec == RAW else _expanded(packed, size, what)
    if len(body) != size:
        raise Corrupt(f"A payload of {what} has another size than it claims")
    return body


def _expanded(packed: bytes, size: int, what: str) -> bytes:
    from zstandard import ZstdError, frame_content_size

    try:
        # A frame that names its size is expanded to that, whatever bound is given.
        if frame_content_size(packed) not in (size, -1):
            raise Corrupt(f"A payload of {what} has another size than it claims")
        return _decompressor().decompress(packed, max_output_size=size)
    except ZstdError as error:
        raise Corrupt(f"A payload of {what} cannot be read: {error}") from error


def _compressor(level: int) -> ZstdCompressor:
    made: dict[int, ZstdCompressor] = _mine.__dict__.setdefault("compressors", {})
    if level not in made:
        from zstandard import ZstdCompressor

        made[level] = ZstdCompressor(level=level, write_content_size=True)
    return made[level]


def _decompressor() -> ZstdDecompressor:
    found: ZstdDecompressor | None = _mine.__dict__.get("decompressor")
    if found is None:
        from zstandard import ZstdDecompressor

        found = _mine.decompressor = ZstdDecompressor()
    return found
