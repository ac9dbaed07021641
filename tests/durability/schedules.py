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


class Delays:
    """Delays the statements of a store, each by the next number of a schedule."""

    def __init__(self) -> None:
        self._schedule: Sequence[int] = (0,)
        self._numbers = itertools.count()

    def use(self, schedule: Sequence[int]) -> None:
        """From now on this schedule."""
        self._schedule, self._numbers = schedule, itertools.count()

    def pause(self, *_: Any) -> None:
        """Waits for as long as the schedule says; at zero others may run."""
        time.sleep(UNIT_S * self._schedule[next(self._numbers) % len(self._schedule)])

    def watch(self, store: Any) -> None:
        """The store's statements are delayed."""
        event.listen(store._engine, "before_cursor_execute", self.pause)


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

    def run(self, programs: Sequence[Sequence[tuple[str, Any]]], do: Callable[[str, Any], None]) -> None:
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

    def _one(
        self, ready: threading.Barrier, program: Sequence[tuple[str, Any]], do: Callable[[str, Any], None]
    ) -> None:
        try:
            ready.wait(60)
            for kind, given in program:
                act = Act(kind, given, time.monotonic())
                self.acts.append(act)
                try:
                    do(kind, given)
                except (NotFound, Unavailable):
                    act.refused = True
                act.ended = time.monotonic()
        except BaseException as error:
            self.failures.append(error)

    def done(self, *kinds: str) -> list[Act]:
        """The acts of these kinds that took effect."""
        return [act for act in self.acts if act.kind in kinds and not act.refused]
