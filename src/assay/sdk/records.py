"""What a journal's records mean: rows of points, and what else is said of a run.

    points    kind 1, `<Bqq`: kind, step, time in microseconds; then `<Id` each: the key's number, the value
    said      kind 2: JSON, the fields of `PATCH /api/v1/runs/{id}`
    value     kind 3: JSON, a logged value: key, step, time_us, kind, document, context; the kind `number` is a point
    console   kind 4: JSON, lines as [stream, time_us, text]
    file      kind 5: JSON: where it is to lie in the run's tree (`path`); `copy`, its name beside the segments, or
              `place`, where it lay when it was logged, with `size` and `mtime_ns` of then

Points, values and lines count as items: what the server must take once. The other kinds can be said twice.

The numbers of keys stand in the file `keys` beside the journal's segments: a line of JSON each, `[number, key]`,
which is written before its number is used.
"""

from __future__ import annotations

import json
import os
import struct
from array import array
from collections.abc import Callable, Iterable
from contextlib import suppress
from errno import ENOSPC
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

POINTS, SAID, VALUE, CONSOLE, FILE = 1, 2, 3, 4, 5
NUMBER = "number"  # the kind of a value that is a point in a context
KEYS = "keys"
BEGUN = "run.json"  # beside them: how the run began
_HEAD = struct.Struct("<Bqq")
PAIR_BYTES = 12  # a key's number and a value


@cache
def packer(count: int) -> Callable[..., bytes]:
    """Packs kind, step, time and so many pairs of a key's number and a value. Raises struct.error for what is none."""
    return struct.Struct("<Bqq" + "Id" * count).pack


def points(body: bytes) -> tuple[int, int, bytes]:
    """Step, time, and the pairs of key and value as they stand, of a record of points; see `columns`."""
    _, step, time_us = _HEAD.unpack_from(body)
    return step, time_us, body[_HEAD.size :]


def columns(pairs: bytes) -> tuple[bytes, bytes]:
    """Such pairs, of any number of records, as columns: the keys' numbers (uint32) and the values (float64)."""
    words = array("I", pairs)  # of a pair: the key, and both halves of the value
    values = array("I", bytes(8 * (len(words) // 3)))
    values[0::2], values[1::2] = words[1::3], words[2::3]
    return words[0::3].tobytes(), values.tobytes()


def written(kind: int, document: Any) -> bytes:
    """The record, of a kind whose records are JSON. Raises ValueError for what JSON cannot hold."""
    return bytes((kind,)) + json.dumps(document, allow_nan=False, separators=(",", ":")).encode()


def document(body: bytes) -> Any:
    """What such a record says."""
    return json.loads(body[1:])


def count_of(body: bytes) -> int:
    """How many items a record counts as."""
    match body[0]:
        case 1:
            return (len(body) - _HEAD.size) // PAIR_BYTES
        case 3:
            return 1
        case 4:
            return len(document(body))
        case _:
            return 0


class Keys:
    """The numbers of the keys of one journal; new ones are kept before they are given out.

    A number is used up before it is kept: whatever interrupts this, and whatever a signal handler logs meanwhile, no
    number means two keys.

    Args:
        keep: Keeps lines for whoever reads the journal. Raises OSError.
    """

    def __init__(self, keep: Callable[[bytes], None]) -> None:
        self._keep = keep
        self._free = count()
        self.numbers: dict[str, int] = {}

    def add(self, names: Iterable[str]) -> None:
        """The names have numbers. Raises OSError; then those that are new have none."""
        new = {name: next(self._free) for name in dict.fromkeys(names) if name not in self.numbers}
        if not new:
            return
        self._keep("".join(json.dumps([number, name]) + "\n" for name, number in new.items()).encode())
        self.numbers.update(new)


def append_keys(folder: Path, lines: bytes) -> None:
    """The lines stand in the journal's file of keys, or none of them. Raises OSError."""
    path = folder / KEYS
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        before = os.fstat(fd).st_size
        if os.write(fd, lines) != len(lines):
            os.ftruncate(fd, before)
            raise OSError(ENOSPC, os.strerror(ENOSPC), str(path))
    finally:
        os.close(fd)


def parse_keys(text: str) -> dict[int, str]:
    """The names by their numbers; a line that was cut short was never used."""
    found: dict[int, str] = {}
    for line in text.splitlines():
        with suppress(ValueError, TypeError):
            number, name = json.loads(line)
            found[number] = name
    return found
