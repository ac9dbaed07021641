"""The stored form of console lines: columns.

Format 1, in an envelope (`core.envelope`): a count (`<I`), a byte a line for its stream (0 stdout, 1 stderr), the times
in microseconds (int64: the first one, then differences to the one before), the lengths of the texts in bytes (uint32),
and the texts in UTF-8. Every format stays readable for ever.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

from assay.core.envelope import opened, sealed
from assay.core.tracking import ConsoleLine, Stream
from assay.wire.errors import Corrupt

FORMAT = 1
LEVEL = 3
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
    return sealed(body, FORMAT, LEVEL)


def decode(payload: bytes) -> list[ConsoleLine]:
    """The lines of a payload.

    Raises:
        Corrupt: The bytes do not match their checksum or break the format, or the format is newer than this code.
    """
    body = opened(payload, FORMAT, BODY, "lines")
    try:
        return _lines(body)
    except (struct.error, ValueError, IndexError) as error:
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
