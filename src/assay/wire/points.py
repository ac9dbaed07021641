"""Metric points on the wire: columns that the SDK packs and the server takes as they are.

    head      `<4sBBHII`: `aspt`, format 1, flags, number of contexts, of keys, of points
    names     each key, then each context as JSON: `<H` length and UTF-8; zeros up to a multiple of 8 bytes
    columns   values (float64), steps, times in microseconds (int64), rows (int64, flag 1), then of each point its key
              and, where there are contexts, its context + 1 or 0 for none (uint32); all little-endian

What is sent may be any number of batches put together: their points are in the order in which they were logged.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assay.wire.errors import InvalidInput

MAGIC, FORMAT = b"aspt", 1
HEAD = struct.Struct("<4sBBHII")
NAME = struct.Struct("<H")
ROWS = 1  # flag
POINT_BOUND = 1_000_000
NAME_BOUND = 100_000
NAME_BYTES = 65_535
MEDIA_TYPE = "application/vnd.assay.points"


@dataclass(frozen=True, slots=True)
class PointColumns:
    """`n` points: keys and contexts (JSON text) by name, and raw little-endian columns of length n.

    `rows` is None where no point has a row, `context` None where none has a context.
    """

    keys: list[str]
    contexts: list[str]
    n: int
    value: memoryview  # float64
    step: memoryview  # int64, as the next two
    time_us: memoryview
    row: memoryview | None
    key: memoryview  # uint32: a position in keys
    context: memoryview | None  # uint32: a position in contexts + 1, or 0


def pack(
    keys: Sequence[str],
    key: Sequence[int] | bytes,
    steps: Sequence[int],
    times_us: Sequence[int],
    values: Sequence[float] | bytes,
    rows: Sequence[int] | None = None,
    contexts: Sequence[str] = (),
    context: Sequence[int] | None = None,
) -> bytes:
    """The points as one body; `key` and `context` are as in `PointColumns`. Bytes are columns as they are sent.

    Raises:
        OverflowError: A number does not fit its column.
        struct.error: A name has more than `NAME_BYTES` bytes, or there are more names than can be told.
    """
    head = HEAD.pack(MAGIC, FORMAT, 0 if rows is None else ROWS, len(contexts), len(keys), len(steps))
    names = head + b"".join(_named(name) for name in (*keys, *contexts))
    columns = [_raw("d", values), _raw("q", steps), _raw("q", times_us)]
    if rows is not None:
        columns.append(_raw("q", rows))
    columns.append(_raw("I", key))
    if contexts:
        columns.append(_raw("I", context or ()))
    return b"".join((names, bytes(-len(names) % 8), *columns))


def _named(name: str) -> bytes:
    data = name.encode()
    return NAME.pack(len(data)) + data


def _raw(kind: str, numbers: Iterable[float] | bytes) -> bytes:
    if isinstance(numbers, bytes):
        return numbers
    column = array(kind, numbers)
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


def unpack(body: bytes) -> PointColumns:
    """The columns of a body, which are views of it. Numbers of keys and contexts are not checked yet.

    Raises:
        InvalidInput: It is no body of points, is cut short, goes on too long, or holds more than `POINT_BOUND` points.
    """
    if len(body) < HEAD.size:
        raise _wrong("it is shorter than its head")
    magic, format_, flags, context_count, key_count, n = HEAD.unpack_from(body)
    if magic != MAGIC or format_ != FORMAT or flags & ~ROWS:
        raise _wrong("it does not begin as points do, or in a format that this server does not know")
    if n > POINT_BOUND:
        raise InvalidInput(f"The body holds {n} points", field="body", bound=POINT_BOUND, remedy="send fewer a call")
    if key_count + context_count > NAME_BOUND:
        told = f"The body holds {key_count + context_count} names"
        raise InvalidInput(told, field="body", bound=NAME_BOUND, remedy="send fewer keys a call")
    at, names = HEAD.size, []
    for _ in range(key_count + context_count):
        if at + NAME.size > len(body):
            raise _wrong("its names are cut short")
        end = at + NAME.size + NAME.unpack_from(body, at)[0]
        try:
            names.append(body[at + NAME.size : end].decode())
        except UnicodeDecodeError:
            raise _wrong("a name is not valid UTF-8") from None
        at = end
    at += -at % 8
    widths = [8, 8, 8, *([8] if flags & ROWS else []), 4, *([4] if context_count else [])]
    if at + n * sum(widths) != len(body):
        raise _wrong("its length is not what its head says")
    view, columns = memoryview(body), []
    for width in widths:
        columns.append(view[at : at + n * width])
        at += n * width
    value, step, time_us, *rest = columns
    row = rest.pop(0) if flags & ROWS else None
    context = rest[1] if context_count else None
    return PointColumns(names[:key_count], names[key_count:], n, value, step, time_us, row, rest[0], context)


def _wrong(why: str) -> InvalidInput:
    return InvalidInput(f"The body of points cannot be read: {why}", field="body", remedy="see the reference")
