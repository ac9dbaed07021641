"""Tests that measure promises about an idle machine have it to themselves."""

from __future__ import annotations

import threading
import time
import uuid
from pathlib import Path

import pytest
from support import alone

SOON_S = 10


def test_who_is_alone_waits_and_is_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)
    monkeypatch.setattr(alone, "FOLDER", tmp_path)
    told: list[str] = []
    let_go = {name: threading.Event() for name in ("one", "alone", "later")}

    def work(name: str) -> None:
        with alone.turn(alone=name == "alone"):
            told.append(name)
            let_go[name].wait(SOON_S)
            told.append(f"{name} ends")

    def begin(name: str) -> threading.Thread:
        thread = threading.Thread(target=work, args=(name,))
        thread.start()
        time.sleep(0.2)  # it would begin, if it could
        return thread

    threads = [begin("one"), begin("alone"), begin("later")]
    assert told == ["one"]
    let_go["one"].set()
    threads[0].join(SOON_S)
    time.sleep(0.2)
    assert told == ["one", "one ends", "alone"]
    let_go["alone"].set()
    let_go["later"].set()
    for thread in threads:
        thread.join(SOON_S)
    assert told[3:] == ["alone ends", "later", "later ends"]


def test_two_work_beside_each_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)
    monkeypatch.setattr(alone, "FOLDER", tmp_path)
    both = threading.Barrier(2, timeout=SOON_S)

    def work() -> None:
        with alone.turn(alone=False):
            both.wait()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON_S)
    assert not both.broken
    assert not any(thread.is_alive() for thread in threads)
