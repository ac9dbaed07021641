"""A journal in memory, for a home that cannot be written: what ends the process before it is sent, loses it."""

from __future__ import annotations

import os
import shutil
import weakref
from collections import deque
from errno import ENOSPC
from pathlib import Path
from typing import Any

from assay.sdk.journal.journal import check_record
from assay.sdk.records import FILE, document, parse_keys
from assay.wire.errors import InvalidState

BOUND = 64 << 20  # bytes of records that wait


class Memory:
    """Takes records as a `Journal` does, and gives them to the sender as an `Outbox` does.

    Args:
        name: The writer's.
        begun: How the run began.
        bound: Bytes that may wait.
    """

    folder: Path | None = None

    def __init__(self, name: str, begun: dict[str, Any], bound: int = BOUND) -> None:
        self.name = name
        self.lost = 0  # items that found no room
        self._begun = begun
        self._bound = bound
        # Numbers are given when records are taken, by the one thread that does: a signal handler may interrupt `append`
        # anywhere, and appends in one step.
        self._waiting: deque[tuple[bytes, int]] = deque()
        self._next = 0
        self._held = 0
        self._taken = 0  # bytes that were taken and are not acknowledged yet
        self._keys = b""
        self._closed = False
        self._copies: Path | None = None
        self._sending: list[str | None] = []  # copies of files that were taken

    def append(self, body: bytes, items: int = 1) -> None:
        """The record waits. Raises InvalidInput, InvalidState, OSError where too much waits already."""
        check_record(body)
        if self._closed:
            raise InvalidState("The journal is closed", remedy="begin another run")
        if self._held + len(body) > self._bound:
            self.lost += items
            raise OSError(ENOSPC, f"more than {self._bound >> 20} MiB wait in memory", None)
        self._held += len(body)
        self._waiting.append((body, items))

    def keep_keys(self, lines: bytes) -> None:
        """The lines are kept."""
        self._keys += lines

    def seal(self) -> None:
        """Takes no more."""
        self._closed = True

    def close(self) -> None:
        """Takes no more."""
        self._closed = True

    def begun(self) -> dict[str, Any]:
        """How the run began."""
        return self._begun

    def keys(self) -> dict[int, str]:
        """The names by their numbers."""
        return parse_keys(self._keys.decode())

    def take(self) -> list[tuple[int, bytes]]:
        """(number, body) of the records that came since the last call."""
        found = []
        for _ in range(len(self._waiting)):
            body, items = self._waiting.popleft()
            found.append((self._next, body))
            self._next += items
            self._taken += len(body)
            if body[0] == FILE:
                self._sending.append(document(body).get("copy"))
        return found

    def forget(self) -> None:
        """What was taken has arrived."""
        taken, self._taken = self._taken, 0
        self._held -= taken
        for name in self._sending:
            if name:
                self.copy_of(name).unlink(missing_ok=True)
        self._sending.clear()

    def copies(self) -> Path:
        """A folder for copies of files, among the system's temporary ones. Raises OSError."""
        if self._copies is None:
            import tempfile  # noqa: PLC0415 -- seldom needed, and slow to import

            self._copies = Path(tempfile.mkdtemp(prefix="assay-"))
            weakref.finalize(self, _remove, self._copies, os.getpid())
        return self._copies

    def copy_of(self, name: str) -> Path:
        """Where the copy of a logged file lies. Raises OSError."""
        return self.copies() / Path(name).name


def _remove(copies: Path, owner: int) -> None:
    """The folder is gone, unless this is a forked child, whose parent still needs it."""
    if os.getpid() == owner:
        shutil.rmtree(copies, ignore_errors=True)
