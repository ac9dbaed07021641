"""The journal, interrupted: by threads, by signal handlers that log too, by Ctrl-C between any two steps."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest
from sdk.journals import bodies, opened

from assay.sdk.journal.journal import Reader, read


def test_threads_and_a_signal_handler_lose_nothing(folder: Path, mapped: bool) -> None:
    journal = opened(folder, mapped=mapped)
    rung = []  # appended to in one step: a handler may interrupt another one

    def ring(number: int, frame: object) -> None:
        journal.append(b"signal")
        rung.append(number)

    def work(name: int) -> None:
        for number in range(500):
            journal.append(b"%d/%d" % (name, number))

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for number in range(2_000):
            journal.append(b"main %d" % number)
        for thread in threads:
            thread.join()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    found = bodies(folder)
    assert rung
    assert found.count(b"signal") == len(rung)
    assert [body for body in found if body.startswith(b"main")] == [b"main %d" % number for number in range(2_000)]
    for name in range(8):
        mine = b"%d/" % name
        assert [body for body in found if body.startswith(mine)] == [b"%d/%d" % (name, n) for n in range(500)]
    assert [number for number, _ in read(folder)] == list(range(len(found)))


def test_handlers_that_interrupt_each_other_append_one_after_the_other(folder: Path, mapped: bool) -> None:
    """One comes during an append, the next while the first one's record is caught up with, and so on."""
    journal = opened(folder, mapped=mapped)
    journal.append(b"first")
    kind = type(journal._segment)
    whole = kind.append
    handlers = [b"a", b"b", b"c"]

    def interrupted(self: object, number: int, body: bytes) -> bool:
        if handlers:
            journal.append(handlers.pop(0))
        return whole(self, number, body)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "append", interrupted)
        journal.append(b"second")
    assert list(read(folder)) == [(0, b"first"), (1, b"second"), (2, b"a"), (3, b"b"), (4, b"c")]


@pytest.mark.parametrize("where", ["after the frame", "before the frame"])
def test_an_interrupt_leaves_numbers_right(folder: Path, mapped: bool, where: str) -> None:
    """Ctrl-C may come between any two steps; the reader sees each record that was appended once, and no gap."""
    journal = opened(folder, mapped=mapped)
    journal.append(b"first", 2)
    kind = type(journal._segment)
    whole = kind.append

    def interrupted(self: object, number: int, body: bytes) -> bool:
        if where == "after the frame":
            whole(self, number, body)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "append", interrupted)
        with pytest.raises(KeyboardInterrupt):
            journal.append(b"second", 3)
    journal.append(b"third", 1)
    number = 5 if where == "after the frame" else 2
    second = [(2, b"second")] if where == "after the frame" else []
    assert list(read(folder)) == [(0, b"first"), *second, (number, b"third")]
    reader = Reader(folder)
    assert [*reader.take(), *reader.take(), *reader.take()] == list(read(folder))
