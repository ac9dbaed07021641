"""The disk of the tests does lose what was not synchronised, and keeps what was: else the other tests prove nothing."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from durability.faults import HERE, WHY, Disk

pytestmark = pytest.mark.skipif(not HERE, reason=WHY)

FILES = """
import os, sys
def put(path, *, sync, late=b""):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(fd, b"first ")
    os.pwrite(fd, b"second", 6)
    if sync:
        os.fsync(fd)
    os.write(fd, late)
    return fd
def sync(folder):
    os.fsync(os.open(folder, os.O_RDONLY))
put("kept", sync=True)
put("half", sync=True, late=b" third")
put("empty", sync=False)
put("before", sync=True)
os.mkdir("folder")
put("folder/kept", sync=True)
sync("folder")
put("cut", sync=True)
sync(".")
put("nameless", sync=True)
os.rename("before", "after")
os.ftruncate(os.open("cut", os.O_WRONLY), 5)
os.mkdir("lost")
put("lost/inner", sync=True)
sync("lost")
os.unlink("kept")
print("done", flush=True)
sys.stdin.read()
"""

COMMITS = """
import sqlite3, sys
db = sqlite3.connect("a.db", isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute(f"PRAGMA synchronous = {sys.argv[1]}")
db.execute("CREATE TABLE t (n INTEGER)")
for n in range(100_000):
    db.execute("INSERT INTO t VALUES (?)", (n,))
    print(n, flush=True)
"""


def run(disk: Disk, code: str, *args: str) -> subprocess.Popen[str]:
    """A Python that works in the disk's folder."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *args],
        cwd=disk.folder,
        env=disk.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def kill_after(process: subprocess.Popen[str], lines: int) -> str:
    """The last line that it printed before kill -9, which comes after so many lines."""
    assert process.stdout is not None and process.stdin is not None
    for _ in range(lines):
        line = process.stdout.readline()
    process.kill()
    rest = process.stdout.read().splitlines()
    process.wait()
    process.stdout.close()
    process.stdin.close()
    return (rest or [line])[-1].strip()


def contents(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def disk(tmp_path: Path, fault_library: Path) -> Disk:
    return Disk(fault_library, tmp_path / "disk", tmp_path / "beside")


def test_a_power_cut_loses_what_was_not_synchronised_and_nothing_else(disk: Disk) -> None:
    assert kill_after(run(disk, FILES), 1) == "done"
    assert contents(disk.folder)["half"] == "first  third", "the process itself sees all"
    disk.cut_power()
    assert contents(disk.folder) == {
        "kept": "first second",  # its unlink was not synchronised
        "half": "first second",
        "empty": "",  # the name was, the bytes were not
        "before": "first second",  # nor was the rename
        "cut": "first second",
        "folder/kept": "first second",
    }
    disk.cut_power()
    assert len(contents(disk.folder)) == 6, "what survived one power cut survives the next"


def test_a_power_cut_may_also_keep_more(tmp_path: Path, fault_library: Path) -> None:
    left = []
    for seed in range(12):
        disk = Disk(fault_library, tmp_path / f"disk{seed}", tmp_path / f"beside{seed}")
        assert kill_after(run(disk, FILES), 1) == "done"
        disk.cut_power(random.Random(seed))
        left.append(contents(disk.folder))
        assert left[-1].get("folder/kept") == "first second", "what was synchronised is always there"
    assert {found.get("half") for found in left} == {"first second", "first  third"}
    assert {"kept" in found for found in left} == {"after" in found for found in left} == {True, False}


def test_acknowledged_commits_of_sqlite_survive_a_power_cut_when_synchronised(disk: Disk) -> None:
    last = int(kill_after(run(disk, COMMITS, "FULL"), 300))
    disk.cut_power()
    db = sqlite3.connect(disk.folder / "a.db")
    found = [row[0] for row in db.execute("SELECT n FROM t ORDER BY n")]
    db.close()
    assert found[: last + 1] == list(range(last + 1))


def test_acknowledged_commits_of_sqlite_are_lost_when_not_synchronised(disk: Disk) -> None:
    last = int(kill_after(run(disk, COMMITS, "OFF"), 300))
    disk.cut_power()
    db = sqlite3.connect(disk.folder / "a.db")
    tables = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 't'").fetchone()[0]
    found = db.execute("SELECT count(*) FROM t").fetchone()[0] if tables else 0
    db.close()
    assert found < last, "a power cut that loses nothing shows nothing"


ERRORS = """
import os, sys
old = os.open("old", os.O_RDWR | os.O_CREAT)
print("ready", flush=True)
def told(act):
    try:
        return act()
    except OSError as error:
        return error.strerror
for line in sys.stdin:
    made = told(lambda: os.open("new", os.O_WRONLY | os.O_CREAT))
    print(told(lambda: os.write(old, b"ten bytes.")), told(lambda: os.mkdir("folder")),
        made if isinstance(made, str) else "made", told(lambda: os.read(old, 1)), sep="|", flush=True)
"""


def test_the_disk_is_full_or_read_only_when_told(disk: Disk) -> None:
    process = run(disk, ERRORS)
    assert process.stdin is not None and process.stdout is not None

    def ask() -> list[str]:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        return process.stdout.readline().strip().split("|")

    assert process.stdout.readline() == "ready\n"
    full, frozen = "No space left on device", "Read-only file system"
    disk.fill()
    assert ask() == [full, full, full, "b''"]
    disk.fill(14)
    assert ask()[0] == "10"
    assert ask()[0] == "4"
    assert ask()[0] == full
    disk.freeze()
    assert ask() == [frozen, frozen, frozen, "b''"]
    disk.mend()
    assert ask()[0] == "10"
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()
