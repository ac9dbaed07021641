"""Threads that run small programs while every SQL statement may be delayed; when each act was under way is kept."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

from assay.wire.errors import NotFound, Unavailable

UNIT_S = 0.0003
Program = Sequence[tuple[str, Any, int]]  # what to do, with what, and at which of the stores


class Delays:
    """Delays the statements of stores, each by the next number of a schedule."""

    def __init__(self) -> None:
        self._schedule: Sequence[int] = (0,)
        self._numbers = itertools.count()
        self.seen: set[str] = set()  # the statements that went to the driver itself

    def use(self, schedule: Sequence[int]) -> None:
        """From now on this schedule."""
        self._schedule, self._numbers = schedule, itertools.count()

    def pause(self, *_: Any) -> None:
        """Waits for as long as the schedule says; at zero others may run."""
        time.sleep(UNIT_S * self._schedule[next(self._numbers) % len(self._schedule)])

    def told(self, statement: str) -> None:
        """The same before a statement that goes to the driver itself."""
        self.seen.add(statement)
        self.pause()

    def watch(self, store: Any) -> None:
        """The store's statements are delayed, also those that go to the driver itself: no event tells of them."""
        for engine in (store._engine, getattr(store, "_names", None), getattr(store, "_logs", None)):
            if engine is not None:
                event.listen(engine, "before_cursor_execute", self.pause)
        opened = store._unit

        def unit(connection: Any) -> Any:
            made = opened(connection)
            driver = made.driver
            made.driver = lambda: Delayed(driver(), self)
            return made

        store._unit = store._writer._unit = unit
        straight = store._writer._driver
        store._writer._driver = lambda connection: Delayed(straight(connection), self)


class Delayed:
    """A driver's cursor whose statements are delayed."""

    def __init__(self, cursor: Any, delays: Delays) -> None:
        self._cursor = cursor
        self._delays = delays

    def execute(self, statement: str, *values: Any, **options: Any) -> Any:
        """Executes it, later."""
        self._delays.told(statement)
        return self._cursor.execute(statement, *values, **options)

    def executemany(self, statement: str, *values: Any) -> Any:
        """The same."""
        self._delays.told(statement)
        return self._cursor.executemany(statement, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


@dataclass
class Act:
    """What a thread did; between `began` and `ended` it took effect, unless it was refused."""

    kind: str
    given: Any
    began: float
    ended: float = 0.0
    refused: bool = False


@dataclass
class Play:
    """Programs run side by side."""

    acts: list[Act] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    def run(self, programs: Sequence[Program], do: Callable[[str, Any, int], None]) -> None:
        """All programs, each in a thread; raises the first failure that is no refusal."""
        ready = threading.Barrier(len(programs))
        threads = [threading.Thread(target=self._one, args=(ready, program, do)) for program in programs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive(), "stuck"
        if self.failures:
            raise self.failures[0]

    def _one(self, ready: threading.Barrier, program: Program, do: Callable[[str, Any, int], None]) -> None:
        try:
            ready.wait(60)
            for kind, given, where in program:
                act = Act(kind, given, time.monotonic())
                self.acts.append(act)
                try:
                    do(kind, given, where)
                except (NotFound, Unavailable):
                    act.refused = True
                act.ended = time.monotonic()
        except BaseException as error:
            self.failures.append(error)

    def done(self, *kinds: str) -> list[Act]:
        """The acts of these kinds that took effect."""
        return [act for act in self.acts if act.kind in kinds and not act.refused]
