"""A store that closes answers everybody who called: what was accepted is stored, the others are told."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from support.stores import random

from assay.stores.sqlite import SqliteStore
from assay.stores.writer import Writer
from assay.wire.errors import Unavailable


class Ending:
    """A writer's `_closed`: the first time that it is asked, the answer comes when another thread has closed."""

    def __init__(self, writer: Writer) -> None:
        self.closing = threading.Thread(target=writer.close)
        self._value = False

    def __get__(self, writer: Writer, _: type) -> bool:
        value = self._value
        if self.closing.ident is None:
            self.closing.start()
            self.closing.join(1)  # not for ever: it may be that it rightly waits for who asks
        return value

    def __set__(self, writer: Writer, value: bool) -> None:
        self._value = value


def test_who_calls_while_the_store_closes_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore(tmp_path / "assay.db", "test", random)
    ending = Ending(store._writer)
    monkeypatch.setattr(Writer, "_closed", ending, raising=False)
    assert store._writer.submit(lambda _: "stored").result(10) == "stored"
    ending.closing.join(10)
    assert not ending.closing.is_alive()
    with pytest.raises(Unavailable, match="shutting down"):
        store._writer.submit(lambda _: "late")
    store.close()


@pytest.mark.parametrize("turn", range(5))
def test_every_caller_is_answered_or_refused(tmp_path: Path, turn: int) -> None:
    store = SqliteStore(tmp_path / "assay.db", "test", random)
    answers: list[str] = []
    ready = threading.Barrier(9)

    def call() -> None:
        ready.wait(10)
        while True:
            try:
                answers.append(store._writer.submit(lambda _: "stored").result(10))
            except Unavailable:
                return

    callers = [threading.Thread(target=call) for _ in range(8)]
    for caller in callers:
        caller.start()
    ready.wait(10)
    while not answers:
        threading.Event().wait(0.001)
    store.close()
    for caller in callers:
        caller.join(10)
        assert not caller.is_alive()
    assert set(answers) == {"stored"}
