"""The stored form of console lines: format, codec and checksum, then the lines as columns.

Format 1: `<BBII` = format, codec, CRC-32 of what follows the header, size of the expanded body. Codec 0 stores the body
as it is, codec 1 as one zstandard frame. The body is a count (`<I`), a byte a line for its stream (0 stdout, 1 stderr),
the times in microseconds (int64: the first one, then differences to the one before), the lengths of the texts in bytes
(uint32), and the texts in UTF-8. Every format stays readable for ever.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

from assay.core.tracking import ConsoleLine, Stream
from assay.wire.errors import Corrupt

HEADER = struct.Struct("<BBII")
FORMAT = 1
RAW, ZSTD = 0, 1
LEVEL = 3
WORTH_COMPRESSING = 128  # bytes of a body
LINES = 1_000  # of a payload
TEXT = 256 << 10  # bytes of text of a payload; a longer line has one of its own
LINE = 64 << 10  # bytes of a line
BODY = 4 + LINES * 13 + TEXT + LINE  # bytes of a body, at most

_COUNT = struct.Struct("<I")
_STREAMS = (Stream.STDOUT, Stream.STDERR)
_NUMBERS = {stream: number for number, stream in enumerate(_STREAMS)}


def pieces(lines: Sequence[ConsoleLine]) -> Iterator[Sequence[ConsoleLine]]:
    """The lines in order, in pieces that one payload holds."""
    start, held = 0, 0
    for at, line in enumerate(lines):
        size = len(line.text.encode())
        if at > start and (at - start == LINES or held + size > TEXT):
            yield lines[start:at]
            start, held = at, 0
        held += size
    if start < len(lines):
        yield lines[start:]


def encode(lines: Sequence[ConsoleLine]) -> bytes:
    """The lines, one piece of `pieces`, as a payload."""
    import zstandard

    texts = [line.text.encode() for line in lines]
    times = [line.time_us for line in lines]
    differences = [times[0], *(after - before for before, after in pairwise(times))] if times else []
    body = b"".join(
        (
            _COUNT.pack(len(lines)),
            bytes(_NUMBERS[line.stream] for line in lines),
            struct.pack(f"<{len(lines)}q", *differences),
            struct.pack(f"<{len(lines)}I", *map(len, texts)),
            *texts,
        )
    )
    small = len(body) < WORTH_COMPRESSING
    packed = body if small else zstandard.ZstdCompressor(level=LEVEL, write_content_size=True).compress(body)
    return HEADER.pack(FORMAT, RAW if small else ZSTD, zlib.crc32(packed), len(body)) + packed


def decode(payload: bytes) -> list[ConsoleLine]:
    """The lines of a payload.

    Raises:
        Corrupt: The bytes do not match their checksum or break the format, or the format is newer than this code.
    """
    import zstandard

    if len(payload) < HEADER.size:
        raise Corrupt("A payload of lines is shorter than its header")
    format_, codec, crc, size = HEADER.unpack_from(payload)
    if format_ != FORMAT or codec not in (RAW, ZSTD):
        raise Corrupt(f"Unknown payload format {format_}, codec {codec}", remedy="upgrade the server")
    packed = payload[HEADER.size :]
    if zlib.crc32(packed) != crc:
        raise Corrupt("A payload of lines does not match its checksum")
    if size > BODY:
        raise Corrupt("A payload of lines claims an impossible size")
    try:
        # A frame that names its size is expanded to that, whatever bound is given.
        if codec == ZSTD and zstandard.frame_content_size(packed) not in (size, -1):
            raise Corrupt("A payload of lines has another size than it claims")
        body = packed if codec == RAW else zstandard.ZstdDecompressor().decompress(packed, max_output_size=size)
        if len(body) != size:
            raise Corrupt("A payload of lines has another size than it claims")
        return _lines(body)
    except (zstandard.ZstdError, struct.error, ValueError, IndexError) as error:
        raise Corrupt(f"A payload of lines cannot be read: {error}") from error


def _lines(body: bytes) -> list[ConsoleLine]:
    (count,) = _COUNT.unpack_from(body)
    streams = [_STREAMS[number] for number in body[_COUNT.size : _COUNT.size + count]]
    times = accumulate(struct.unpack_from(f"<{count}q", body, _COUNT.size + count))
    ends = list(
        accumulate(struct.unpack_from(f"<{count}I", body, _COUNT.size + 9 * count), initial=_COUNT.size + 13 * count)
    )
    if ends[-1] != len(body):
        raise ValueError("the texts have another size than they claim")
    return [
        ConsoleLine(stream, time_us, body[start:end].decode())
        for stream, time_us, (start, end) in zip(streams, times, pairwise(ends), strict=True)
    ]
