"""What has changed since the projections looked: noted by whoever writes, before anybody is told that it is written."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

BOUND = 100_000  # runs; more changes, and a projection is rather built anew


class Touched:
    """The ids of runs and models that a transaction changes; the latter are of no interest, but cheap."""

    __slots__ = ("heads", "points")

    def __init__(self) -> None:
        self.heads: set[int] = set()  # the run itself, its params or tags; or there is none any more
        self.points: set[int] = set()

    def add(self, other: Touched) -> None:
        """All that the other holds is held."""
        self.heads |= other.heads.copy()  # copies, since a transaction may go on adding
        self.points |= other.points.copy()


class Hears(Protocol):
    """Who is told what transactions have touched."""

    def add(self, touched: Touched) -> None:
        """One transaction has ended, committed or not; nobody was told so yet."""
        ...


class Listener:
    """What one projection has not taken in yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._touched = Touched()
        self.overrun = False

    def add(self, touched: Touched) -> None:
        """These are to be read again."""
        with self._lock:
            self._touched.add(touched)
            if len(self._touched.heads) + len(self._touched.points) > BOUND:
                self.overrun = True
                self._touched = Touched()

    def take(self) -> Touched:
        """What was added; it is no longer held here."""
        with self._lock:
            taken, self._touched = self._touched, Touched()
        return taken

    def held(self) -> Touched:
        """What was added and not taken; it remains."""
        found = Touched()
        with self._lock:
            found.add(self._touched)
        return found


class Flights:
    """The transactions under way.

    A transaction is in flight from before its first change until after its commit; then what it touched is given to
    the listeners, and then whoever waits for it is answered. So a reader who takes what a listener holds, begins his
    snapshot, and looks at what is in flight and held by then, knows of all that his snapshot may show.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flying: list[Touched] = []
        self._listeners: list[Hears] = []

    @contextmanager
    def flight(self) -> Iterator[Touched]:
        """A transaction, committed or not by the end of the block."""
        touched = Touched()
        with self._lock:
            self._flying.append(touched)
        try:
            yield touched
        finally:
            with self._lock:
                for listener in self._listeners:
                    listener.add(touched)
                self._flying = [other for other in self._flying if other is not touched]

    def flying(self) -> Touched:
        """What the transactions under way have touched so far."""
        found = Touched()
        with self._lock:
            for touched in self._flying:
                found.add(touched)
        return found

    def listen(self, listener: Hears) -> None:
        """The listener is given what is touched from now on, by transactions under way too."""
        with self._lock:
            self._listeners = [*self._listeners, listener]

    def leave(self, listener: Hears) -> None:
        """The listener is given nothing any more."""
        with self._lock:
            self._listeners = [other for other in self._listeners if other is not listener]
