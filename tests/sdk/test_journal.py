"""The journal: what `append` has returned from is read back, once and in order, whatever becomes of its process."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.length import length

from assay.sdk.journal import frames, segments
from assay.sdk.journal.journal import Journal, alive, read
from assay.sdk.journal.journal import segments as segments_of
from assay.wire.errors import InvalidInput

SMALL = 512  # bytes of a segment
WRITER = """
import sys
from pathlib import Path
from assay.sdk.journal.journal import Journal

journal = Journal(lambda: Path(sys.argv[1]), mapped=sys.argv[2] == "mapped", segment_bytes=2_048)
number = 0
while True:
    journal.append(b"%d" % number * (number % 7 + 1), items=number % 3 + 1)
    sys.stdout.buffer.write(b"%d\\n" % number)
    sys.stdout.buffer.flush()
    number += 1
"""


@pytest.fixture(params=[True, False], ids=["mapped", "written"])
def mapped(request: pytest.FixtureRequest) -> bool:
    """Which kind of segment."""
    return bool(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a journal will lie."""
    return tmp_path / "journal" / "run" / "writer"


def opened(folder: Path, *, mapped: bool, segment_bytes: int = SMALL) -> Journal:
    """A new journal there."""
    return Journal(lambda: folder, mapped=mapped, segment_bytes=segment_bytes)


def bodies(folder: Path, start: int = 0) -> list[bytes]:
    """All records that can be read."""
    return [body for _, body in read(folder, start)]


@pytest.fixture(scope="module")
def places() -> Iterator[Path]:
    """A folder for many journals."""
    place = Path(tempfile.mkdtemp())
    yield place
    shutil.rmtree(place)


@settings(max_examples=length(60, 1_000), deadline=None)
@given(
    records=st.lists(st.tuples(st.binary(min_size=1, max_size=700), st.integers(1, 5)), max_size=60),
    acknowledged=st.floats(0, 1),
    mapped=st.booleans(),
)
def test_records_come_back_once_and_in_order(
    places: Path, records: list[tuple[bytes, int]], acknowledged: float, mapped: bool
) -> None:
    folder = Path(tempfile.mkdtemp(dir=places)) / "writer"
    journal = opened(folder, mapped=mapped)
    expected, number = [], 0
    for body, items in records:
        journal.append(body, items)
        expected.append((number, body))
        number += items
    assert journal.next == number
    assert not records or list(read(folder)) == expected
    journal.acknowledge(int(number * acknowledged))
    rest = [(n, body) for n, body in expected if n >= int(number * acknowledged)]
    assert not records or list(read(folder, int(number * acknowledged))) == rest
    journal.close()
    assert not records or list(read(folder, int(number * acknowledged))) == rest


def test_what_is_acknowledged_is_deleted(folder: Path, mapped: bool) -> None:
    journal = opened(folder, mapped=mapped)
    for _ in range(100):
        journal.append(b"x" * 100)
    before = len(segments_of(folder))
    journal.acknowledge(50)
    middle = len(segments_of(folder))
    journal.acknowledge(100)
    assert before > middle > 1
    assert len(segments_of(folder)) == 1, "the segment that is written to stays"
    journal.append(b"y")
    assert bodies(folder, 100) == [b"y"]


@pytest.mark.parametrize("kind", ["mapped", "written"])
def test_a_killed_process_loses_nothing(tmp_path: Path, kind: str) -> None:
    chance = random.Random(7)
    for kill in range(length(5, 50)):
        folder = tmp_path / str(kill) / "writer"
        process = subprocess.Popen([sys.executable, "-c", WRITER, folder, kind], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.uniform(0, 0.1))
        process.kill()
        rest = process.stdout.read()
        process.stdout.close()
        process.wait()
        returned = rest.count(b"\n") + 1
        found = bodies(folder)
        assert len(found) in (returned, returned + 1), "every append that returned, and at most one that had not"
        assert found == [b"%d" % number * (number % 7 + 1) for number in range(len(found))]
        assert not alive(folder)


def test_damage_ends_a_segment_before_it(folder: Path, mapped: bool) -> None:
    journal = opened(folder, mapped=mapped, segment_bytes=4_096)
    for number in range(10):
        journal.append(b"record %d" % number)
    journal.close()
    path = segments_of(folder)[0][1]
    whole = path.read_bytes()
    step = frames.FRAME.size + 8
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
        intact = max(0, (at - frames.HEAD.size) // step)
        found = bodies(folder)
        assert found in (
            [b"record %d" % number for number in range(intact)] if at >= frames.HEAD.size else [],
            [b"record %d" % number for number in range(10)],  # padding means nothing
        )
        path.write_bytes(whole[:at])
        assert bodies(folder) == [b"record %d" % number for number in range(intact if at >= frames.HEAD.size else 0)]


def test_bounds(folder: Path, mapped: bool) -> None:
    journal = opened(folder, mapped=mapped)
    for body in (b"", b"x" * (frames.RECORD_BOUND + 1)):
        with pytest.raises(InvalidInput, match="A record has"):
            journal.append(body)
    journal.append(b"x" * frames.RECORD_BOUND)  # longer than a segment here
    journal.append(b"y")
    assert [len(body) for body in bodies(folder)] == [frames.RECORD_BOUND, 1]


def test_a_full_disk_keeps_what_was_logged_and_counts_the_loss(folder: Path, mapped: bool) -> None:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL // 2 if mapped else SMALL, resource.RLIM_INFINITY))
            journal = opened(folder, mapped=mapped, segment_bytes=SMALL // 2 if mapped else SMALL * 4)
            for number in range(5):
                journal.append(b"%03d" % number * 8)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
            lost = 0
            for _ in range(50):
                try:
                    journal.append(b"lost" * 30, items=2)
                except OSError:
                    lost += 2
            assert 0 < lost == journal.lost
            kept = journal.next - 5
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            journal.append(b"there is room again")
            found = bodies(folder)
            assert found[:5] == [b"%03d" % number * 8 for number in range(5)]
            assert found[-1] == b"there is room again"
            assert len(found) == 6 + kept // 2
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0


def test_a_read_only_home_is_told_and_forgiven(tmp_path: Path, mapped: bool) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("not a folder")
    place = [blocked / "writer"]
    journal = Journal(lambda: place[0], mapped=mapped)
    with pytest.raises(OSError, match="blocked"):
        journal.append(b"x")
    assert (journal.lost, journal.next) == (1, 0)
    place[0] = tmp_path / "open" / "writer"
    journal.append(b"y")
    assert list(read(place[0])) == [(0, b"y")]


def test_a_fork_writes_a_journal_of_its_own(tmp_path: Path, mapped: bool) -> None:
    journal = Journal(lambda: tmp_path / f"writer-{os.getpid()}", mapped=mapped, segment_bytes=SMALL)
    journal.append(b"before")
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            for number in range(50):
                journal.append(b"child %d" % number)
            os._exit(0)
        children.append(child)
        journal.append(b"beside")
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
        assert bodies(tmp_path / f"writer-{child}") == [b"child %d" % number for number in range(50)]
        assert not alive(tmp_path / f"writer-{child}")
    journal.append(b"after")
    mine = tmp_path / f"writer-{os.getpid()}"
    assert alive(mine)
    assert bodies(mine) == [b"before", *[b"beside"] * 3, b"after"]
    journal.close()
    assert not alive(mine)


def test_threads_and_a_signal_handler_lose_nothing(folder: Path, mapped: bool) -> None:
    journal = opened(folder, mapped=mapped)
    rung = 0

    def ring(number: int, frame: object) -> None:
        nonlocal rung
        journal.append(b"signal")
        rung += 1

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
    assert rung > 0
    assert found.count(b"signal") == rung
    assert [body for body in found if body.startswith(b"main")] == [b"main %d" % number for number in range(2_000)]
    for name in range(8):
        mine = b"%d/" % name
        assert [body for body in found if body.startswith(mine)] == [b"%d/%d" % (name, n) for n in range(500)]
    assert [number for number, _ in read(folder)] == list(range(len(found)))


MOUNTS = [
    "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw",
    "30 22 0:26 / /data rw - nfs4 server:/data rw",
    "31 22 0:27 / /data/a/my\\040disk rw - xfs /dev/sdb rw",
    "32 22 0:28 / /data rw - btrfs /dev/sdc rw",
    "nonsense",
]


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/database", "ext4"),
        ("/data", "btrfs"),
        ("/data/a", "btrfs"),
        ("/data/a/my disk/b", "xfs"),
        ("/var/tmp", "ext4"),
    ],
)
def test_the_file_system_of_a_folder(folder: str, kind: str) -> None:
    assert segments.file_system(folder, MOUNTS) == kind


def test_an_unknown_disk_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "MOUNTS", tmp_path / "missing")
    assert not segments.promises_room(tmp_path)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not segments.promises_room(tmp_path)
