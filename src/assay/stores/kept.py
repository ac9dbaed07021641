"""What runs at rest own, held in memory as it was read: a table of runs that is looked at again is not read again."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from assay.core.tracking import OwnedByRun, Run
from assay.stores.projection.marks import Flights, Touched

MOST_BYTES = 32 << 20
ITEM_BYTES = 150  # about what a param, a tag or a metric takes beside its text
MOST_OF_RUN = 64 << 10  # bytes; a run that owns more is read whenever it is shown
REST_US = 10_000_000  # since a run has changed: its time of change tells states apart only if they are that far apart
REMEMBERED = 100_000  # runs that have changed of late
IDLE_S = 900.0  # after which what nobody asked for is given back


class _Entry(NamedTuple):
    updated_us: int
    owned: OwnedByRun
    size: int


class Kept:
    """Of this process's transactions it is told (`Flights`); those of others are seen by the run's time of change.

    That has a limit: if the database's clock is set back, another server's points may leave that time as it was.

    Args:
        flights: The transactions of this process.
        most_bytes: About what may be held.
    """

    def __init__(self, flights: Flights, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._entries: OrderedDict[int, _Entry] = OrderedDict()
        self._bytes = 0
        self._used_s = time.monotonic()
        self._changes = 0  # how often it was told
        self._changed: dict[int, int] = {}  # the runs of which it was told, and the number of that time
        self._forgotten = 0  # the number of the last time that is in the dict no more
        flights.listen(self)

    def add(self, touched: Touched) -> None:
        """These have changed; see `projection.marks.Hears`."""
        ids = touched.heads | touched.points
        if not ids:
            return
        with self._lock:
            self._changes += 1
            if len(self._changed) + len(ids) > REMEMBERED:
                self._changed.clear()
                self._forgotten = self._changes
            for id in ids:
                self._changed[id] = self._changes
                self._drop(id)

    def opened(self) -> Opened:
        """For a reader whose snapshot is not older than this."""
        with self._lock:
            return Opened(self, self._changes)

    def get(self, runs: Iterable[Run]) -> dict[int, OwnedByRun]:
        """What is held of these runs, as they are now."""
        found = {}
        with self._lock:
            self._used_s = time.monotonic()
            for run in runs:
                entry = self._entries.get(run.id)
                if entry is not None and entry.updated_us == run.updated_us:
                    self._entries.move_to_end(run.id)
                    found[run.id] = entry.owned
        return found

    def put(self, since: int, now_us: int, runs: Iterable[Run], owned: Mapping[int, OwnedByRun]) -> None:
        """What these runs own is held, if they rest and have not changed since that time.

        Args:
            since: The number of the last change before the snapshot in which it was read.
            now_us: When it was read.
            runs: As they were then.
            owned: By run id.
        """
        sizes = {run.id: _size(owned[run.id]) for run in runs}
        with self._lock:
            for run in runs:
                size = sizes[run.id]
                is_new = self._changed.get(run.id, self._forgotten) > since
                if is_new or size > MOST_OF_RUN or now_us - run.updated_us < REST_US:
                    continue
                self._drop(run.id)
                self._entries[run.id] = _Entry(run.updated_us, owned[run.id], size)
                self._bytes += size
            while self._bytes > self._most_bytes:
                self._drop(next(iter(self._entries)))

    def give_back(self) -> None:
        """Nothing is held of what nobody has asked for in a long time."""
        with self._lock:
            if self._entries and self._used_s < time.monotonic() - IDLE_S:
                self._entries.clear()
                self._bytes = 0

    def _drop(self, id: int) -> None:
        entry = self._entries.pop(id, None)
        if entry is not None:
            self._bytes -= entry.size

    def bytes(self) -> int:
        """About what it takes."""
        return self._bytes


class Opened(NamedTuple):
    """It, as one reader uses it."""

    kept: Kept
    since: int


def _size(owned: OwnedByRun) -> int:
    texts = sum(map(len, owned.params.values())) + sum(map(len, owned.tags.values()))
    return texts + ITEM_BYTES * (1 + len(owned.params) + len(owned.tags) + len(owned.metrics))
