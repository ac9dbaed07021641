"""What a journal's records mean: rows of points, and what else is said of a run.

    points    kind 1, `<Bqq`: kind, step, time in microseconds; then `<Id` each: the key's number, the value
    said      kind 2: JSON, the fields of `PATCH /api/v1/runs/{id}`

The numbers of keys stand in the file `keys` beside the journal's segments: a line of JSON each, `[number, key]`,
which is written before its number is used.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from errno import ENOSPC
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

POINTS, SAID = 1, 2
KEYS = "keys"
BEGUN = "run.json"  # beside them: how the run began
_HEAD = struct.Struct("<Bqq")
_ENTRY = struct.Struct("<Id")


@cache
def packer(count: int) -> Callable[..., bytes]:
    """Packs kind, step, time and so many pairs of a key's number and a value. Raises struct.error for what is none."""
    return struct.Struct("<Bqq" + "Id" * count).pack


def points(body: bytes) -> tuple[int, int, list[tuple[int, float]]]:
    """Step, time and (key's number, value) of a record of points."""
    _, step, time_us = _HEAD.unpack_from(body)
    return step, time_us, list(_ENTRY.iter_unpack(body[_HEAD.size :]))


def said(fields: dict[str, Any]) -> bytes:
    """The record of what is said of the run."""
    return bytes((SAID,)) + json.dumps(fields).encode()


def heard(body: bytes) -> dict[str, Any]:
    """What such a record says."""
    found: dict[str, Any] = json.loads(body[1:])
    return found


class Keys:
    """The numbers of the keys of one journal; new ones are on its disk before they are given out.

    A number is used up before it is written: whatever interrupts this, and whatever a signal handler logs meanwhile, no
    number means two keys.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / KEYS
        self._free = count()
        self.numbers: dict[str, int] = {}

    def add(self, names: Iterable[str]) -> None:
        """The names have numbers. Raises OSError; then those that are new have none."""
        new = {name: next(self._free) for name in dict.fromkeys(names) if name not in self.numbers}
        if not new:
            return
        data = "".join(json.dumps([number, name]) + "\n" for name, number in new.items()).encode()
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            before = os.fstat(fd).st_size
            if os.write(fd, data) != len(data):
                os.ftruncate(fd, before)
                raise OSError(ENOSPC, os.strerror(ENOSPC), str(self._path))
        finally:
            os.close(fd)
        self.numbers.update(new)


def read_keys(folder: Path) -> dict[int, str]:
    """The names by their numbers; a line that was cut short was never used."""
    found: dict[int, str] = {}
    try:
        lines = (folder / KEYS).read_text().splitlines()
    except FileNotFoundError:
        return found
    for line in lines:
        with suppress(ValueError, TypeError):
            number, name = json.loads(line)
            found[number] = name
    return found
