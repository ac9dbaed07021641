"""The journal: what `append` has returned from is read back, once and in order, whatever becomes of its process."""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sdk.journals import SMALL, bodies, opened
from support.length import length

from assay.sdk.journal import frames, segments
from assay.sdk.journal.journal import Journal, Reader, alive, read
from assay.sdk.journal.journal import segments as segments_of
from assay.sdk.outbox import Folder
from assay.sdk.records import Keys, append_keys
from assay.wire.errors import InvalidInput, InvalidState

WRITER = """
import sys
from functools import partial
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


@pytest.fixture(scope="module")
def places() -> Iterator[Path]:
    """A folder for many journals."""
    place = Path(tempfile.mkdtemp())
    yield place
    shutil.rmtree(place)


@settings(max_examples=length(60, 1_000), deadline=None)
@given(
    records=st.lists(st.tuples(st.binary(min_size=1, max_size=700), st.integers(0, 5), st.booleans()), max_size=60),
    mapped=st.booleans(),
)
def test_records_come_back_once_and_in_order(
    places: Path, records: list[tuple[bytes, int, bool]], mapped: bool
) -> None:
    """Whoever reads while they are written sees each once, whenever he looks and deletes what he has read."""
    folder = Path(tempfile.mkdtemp(dir=places)) / "writer"
    journal, reader = opened(folder, mapped=mapped), Reader(folder)
    expected, seen, number = [], [], 0
    for body, items, looks in records:
        journal.append(body, items)
        expected.append((number, body))
        number += items
        if looks:
            seen += reader.take()
            reader.forget()
    assert journal.next == number
    journal.close()
    while found := reader.take():
        seen += found
    assert seen == expected


def test_two_who_send_one_journal_miss_nothing(folder: Path, mapped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who finds that a segment was deleted by the other looks at those behind it too."""
    journal = opened(folder, mapped=mapped)
    for _ in range(20):
        journal.append(b"x" * 100)
    journal.close()
    first, reader = segments_of(folder)[0][1], Reader(folder)
    found = segments_of(folder)

    def listed(place: Path) -> list[tuple[int, Path]]:
        monkeypatch.undo()
        first.unlink()
        return found

    monkeypatch.setattr("assay.sdk.journal.journal.segments", listed)
    assert [number for number, _ in reader.take()] == [number for number, _ in frames.frames(found[1][1].read_bytes())]


def test_what_was_read_is_deleted(folder: Path, mapped: bool) -> None:
    journal, reader = opened(folder, mapped=mapped), Reader(folder)
    for _ in range(100):
        journal.append(b"x" * 100)
    before = len(segments_of(folder))
    while reader.take():
        reader.forget()
    assert before > 1
    assert len(segments_of(folder)) == 1, "the segment that is written to stays"
    journal.append(b"y")
    assert reader.take() == [(100, b"y")]


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


def test_records_of_no_items_fill_segments_too(folder: Path, mapped: bool) -> None:
    journal = opened(folder, mapped=mapped)
    for number in range(20):
        journal.append(b"%02d" % number * 50, items=0)
    assert len(segments_of(folder)) > 2
    assert [body[:2] for body in bodies(folder)] == [b"%02d" % number for number in range(20)]


def test_a_roll_that_fails_shows_the_reader_nothing(folder: Path, mapped: bool) -> None:
    journal = opened(folder, mapped=mapped)
    journal.append(b"x" * 300)
    reader = Reader(folder)
    seen: list[list[Path]] = []

    def full(*args: object) -> None:
        seen.append([path for _, path in segments_of(folder)])
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        patch.setattr(segments.Written, "_write", full)
        with pytest.raises(OSError, match="No space"):
            journal.append(b"y" * 300)
    assert len(seen[0]) == 1
    assert reader.take() == [(0, b"x" * 300)]
    journal.append(b"small")
    assert reader.take() == [(1, b"small")]
    reader.forget()
    assert bodies(folder) == [b"x" * 300, b"small"]
    assert journal.lost == 1


def test_a_disk_without_locks_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*args: object) -> None:
        raise OSError(38, "Function not implemented")

    journal = Journal(lambda: tmp_path / "run" / os.urandom(4).hex())
    monkeypatch.setattr("fcntl.flock", unsupported)
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    for _ in range(10):
        with pytest.raises(OSError, match="not implemented"):
            journal.append(b"x")
    assert list((tmp_path / "run").iterdir()) == []
    assert journal.lost == 10
    if sys.platform == "linux":
        assert len(os.listdir("/proc/self/fd")) == before


def test_a_closed_journal_takes_nothing(folder: Path) -> None:
    journal = opened(folder, mapped=True)
    journal.append(b"x")
    journal.close()
    with pytest.raises(InvalidState, match="closed"):
        journal.append(b"y")
    assert bodies(folder) == [b"x"]


def test_keys_never_share_a_number(tmp_path: Path) -> None:
    keys = Keys(partial(append_keys, tmp_path))
    keys.add(["a", "b"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "close", lambda fd: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            keys.add(["c"])
    keys.add(["d", "a", "c"])
    with (tmp_path / "keys").open("a") as file:
        file.write('[9, "cut sh')
    names = Folder(tmp_path).keys()
    assert {names[number] for number in keys.numbers.values()} == {"a", "b", "c", "d"}
    assert all(names[number] == name for name, number in keys.numbers.items())
    assert len(set(keys.numbers.values())) == 4


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
