"""`assay gc` at a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import time
from pathlib import Path

import pytest
from support.server import ASSAY, Server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that a server has used."""
    path = tmp_path_factory.mktemp("gc") / "home"
    Server(path).start().stop()
    return path


def at_terminal(typed: str, *words: str | Path) -> int:
    """The exit status of a command whose standard input is a terminal at which somebody types."""
    typing, terminal = pty.openpty()
    try:
        os.write(typing, typed.encode())
        return subprocess.run([ASSAY, *words], stdin=terminal, capture_output=True, check=False, timeout=60).returncode
    finally:
        os.close(typing)
        os.close(terminal)


@pytest.mark.parametrize(
    ("typed", "options", "status", "stays"),
    [
        ("n\n", ["--grace-hours", "0"], 1, True),
        ("y\n", ["--grace-hours", "0"], 0, False),
        ("", ["--grace-hours", "0", "--yes"], 0, False),
        ("", [], 0, True),
    ],
)
def test_a_short_grace_is_asked_about(typed: str, options: list[str], status: int, stays: bool, home: Path) -> None:
    orphan = home / "files/zz" / ("z" * 32)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"?")
    an_hour_ago = time.time() - 3_700
    os.utime(orphan, (an_hour_ago, an_hour_ago))
    assert at_terminal(typed, "gc", "--home", home, *options) == status
    assert orphan.exists() == stays
