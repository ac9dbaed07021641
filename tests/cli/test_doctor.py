"""Doctor finds what is wrong, tells which file suffers, and mends only what is safe to mend."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cli.house import assay, fill, refused, told
from support.server import Server

from assay.core.scope import Scope
from assay.core.tracking import Logged, View
from assay.services.waiting import future_of
from assay.stores.sqlite import SqliteStore
from assay.testing import inside


@pytest.fixture(scope="module")
def whole_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with something of everything, whose server has stopped."""
    server = Server(tmp_path_factory.mktemp("whole") / "home").start()
    try:
        with closing(server.http()) as http:
            fill(http)
    finally:
        server.stop()
    return server.home


@pytest.fixture
def home(whole_home: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(whole_home, tmp_path / "home")
    (tmp_path / "home").chmod(0o700)
    return tmp_path / "home"


def change(home: Path, statement: str) -> None:
    """A hand in the database."""
    with closing(sqlite3.connect(home / "assay.db", isolation_level=None)) as connection:
        assert connection.execute(statement).rowcount > 0


def faults(home: Path, *options: str | Path, status: int = 3) -> list[dict[str, Any]]:
    """What doctor finds."""
    found: list[dict[str, Any]] = told("doctor", "--home", home, "--json", *options, status=status)["faults"]
    return found


def an_object(home: Path) -> Path:
    """The object of a large file."""
    return max((path for path in home.glob("files/??/*")), key=lambda path: path.stat().st_size)


def test_a_whole_home_has_no_faults(home: Path) -> None:
    """Exit status 0, in each form."""
    assert faults(home, status=0) == []
    result = assay("doctor", "--home", home)
    assert (result.exit_code, result.stdout) == (0, "No faults; 8 files read\n")


def test_lost_and_changed_files_are_found(home: Path, tmp_path: Path) -> None:
    """Each names its file and run; without a backup nothing can be done, with one they come back."""
    assert assay("backup", tmp_path / "b", "--home", home).exit_code == 0
    flipped = an_object(home)
    data = bytearray(flipped.read_bytes())
    data[1_000] ^= 1
    flipped.write_bytes(data)
    lost, cut = [path for path in home.glob("files/??/*") if path != flipped][:2]
    lost.unlink()
    cut.write_bytes(cut.read_bytes()[:-1])
    found = {fault["subject"]: fault for fault in faults(home)}
    assert set(found) == {flipped.name, lost.name, cut.name}
    assert "does not match its digest: it is plots/a.bin of " in found[flipped.name]["message"]
    assert "is missing" in found[lost.name]["message"]
    assert "is cut short" in found[cut.name]["message"]
    assert [fault["subject"] for fault in faults(home, "--quick")] == [lost.name]
    assert all(not fault["repaired"] for fault in faults(home, "--repair"))
    assert all(fault["repaired"] for fault in faults(home, "--repair", "--from", tmp_path / "b", status=0))
    assert faults(home, status=0) == []


def test_a_damaged_backup_mends_nothing(home: Path, tmp_path: Path) -> None:
    """What the backup holds is verified before the old object goes."""
    assert assay("backup", tmp_path / "b", "--home", home).exit_code == 0
    lost = an_object(home)
    size = lost.stat().st_size
    lost.unlink()
    (tmp_path / "b/objects" / lost.name[:2] / lost.name).write_bytes(bytes(size))
    assert [fault["repaired"] for fault in faults(home, "--repair", "--from", tmp_path / "b")] == [False]


def test_orphans_and_wrong_states_are_mended(home: Path) -> None:
    """Objects that nobody knows go; what is used is kept, what is not is left to gc; nothing else changes."""
    orphan = home / "files/zz" / ("z" * 32)
    orphan.parent.mkdir()
    orphan.write_bytes(b"?")
    used = an_object(home).name
    change(home, f"UPDATE blob SET state = 2 WHERE id = '{used}'")
    unused = next(path.name for path in home.glob("files/??/*") if path.name not in (used, orphan.name))
    change(home, f"DELETE FROM tree_entry WHERE blob_id = '{unused}'")
    found = faults(home)
    assert {fault["subject"] for fault in found} == {orphan.name, used, unused}
    assert orphan.exists(), "without --repair nothing changes"
    assert all(fault["repaired"] for fault in faults(home, "--repair", status=0))
    assert not orphan.exists()
    assert (home / "files" / used[:2] / used).exists()
    assert faults(home, status=0) == []


def test_references_and_points_are_checked(home: Path) -> None:
    """Rows that lead nowhere and payloads that do not decode are found; ownerless rows may go."""
    with closing(sqlite3.connect(home / "assay.db")) as connection:  # whether compaction came before the server's end
        table = "metric_page" if connection.execute("SELECT 1 FROM metric_page").fetchone() else "metric_batch"
    change(home, f"UPDATE {table} SET payload = zeroblob(20) WHERE owner_id = (SELECT min(owner_id) FROM {table})")
    change(home, "UPDATE run SET experiment_id = 77 WHERE name = 'gone'")
    change(home, "INSERT INTO param VALUES (12345, 1, 'x', 'x', NULL, 'set')")
    subjects = {fault["subject"].partition(":")[0]: fault for fault in faults(home)}
    assert set(subjects) == {table, "run.experiment_id", "param.owner_id"}
    after = {fault["subject"].partition(":")[0]: fault["repaired"] for fault in faults(home, "--repair")}
    assert after == {table: False, "run.experiment_id": False, "param.owner_id": True}
    assert len(faults(home)) == 2


def test_cells_that_tell_of_other_points_are_forgotten(home: Path) -> None:
    """A chart would be wrong; without cells it reads the points."""
    store = SqliteStore(home / "assay.db", "doctor", lambda: 1)
    try:
        with store.read() as unit:
            uid = unit.runs.search(Scope(), [1], View.ACTIVE, None, [], 1, None).items[0].uid
        n = 20_000
        logged = Logged(uid, ["curve"] * n, [0.5] * n, range(n), range(n))
        future_of(partial(store.log, Scope(), logged)).result()
        inside.settle(store)
    finally:
        store.close()
    assert faults(home, status=0) == []
    change(home, "UPDATE metric_chunk SET cell_shift = cell_shift + 1 WHERE first_step = 0")
    (fault,) = faults(home)
    assert (fault["kind"], fault["repaired"]) == ("cells", False)
    assert uid in fault["message"]
    (fault,) = faults(home, "--repair", status=0)
    assert fault["repaired"]
    assert faults(home, status=0) == []


def test_a_broken_audit_chain_is_told(home: Path) -> None:
    """Nobody mends it."""
    change(home, "INSERT OR REPLACE INTO audit_head VALUES (1, 5, zeroblob(32))")
    assert [(fault["kind"], fault["repair"]) for fault in faults(home)] == [("audit", None)]


def test_what_checkpoints_say_is_checked(home: Path) -> None:
    """A chain that was made anew from its beginning is in order by itself, and not what was signed."""
    assert assay("audit", "rotate-key", "--yes", "--home", home).exit_code == 0
    assert assay("audit", "checkpoint", "--home", home).exit_code == 0
    assert faults(home, status=0) == []
    with closing(sqlite3.connect(home / "assay.db")) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%'"):
            raw.execute(f"DROP TRIGGER {name}")
        ((record,),) = raw.execute("SELECT record FROM audit_record").fetchall()
        forged = record.replace(b'"act":"rotate"', b'"act":"erase"')
        raw.execute("UPDATE audit_record SET record = ?", (forged,))
        raw.execute("UPDATE audit_head SET digest = ?", (sha256(forged).digest(),))
        raw.commit()
    (fault,) = faults(home)
    assert (fault["kind"], fault["subject"], fault["repair"]) == ("audit", "1:1", None)
    assert "not the one that a checkpoint signed" in fault["message"]
    change(home, "UPDATE audit_checkpoint SET signature = zeroblob(64)")
    (fault,) = faults(home)
    assert "no key of this catalog has signed" in fault["message"]


def test_a_key_that_others_can_read_is_told(home: Path) -> None:
    """Nobody mends it: it may be known already."""
    assert assay("audit", "key", "--home", home).exit_code == 0
    (home / "server-key").chmod(0o644)
    (fault,) = faults(home)
    assert (fault["kind"], fault["repair"]) == ("key", None)
    assert "rotate-key" in fault["message"]
    (home / "server-key").write_text("nothing")
    (home / "server-key").chmod(0o600)
    assert "holds no key" in faults(home)[0]["message"]


def test_a_damaged_database_is_told(home: Path, tmp_path: Path) -> None:
    """Pages that SQLite cannot read, a schema of the future, a file that is no database."""
    data = bytearray((home / "assay.db").read_bytes())
    for page in range(8, 40):
        data[page * 4096 : page * 4096 + 64] = bytes(64)
    (home / "assay.db").write_bytes(data)
    assert "database" in {fault["kind"] for fault in faults(home)}
    refused("backup", tmp_path / "b", "--home", home)
    (home / "assay.db").write_bytes(b"no database at all" * 1_000)
    assert {fault["kind"] for fault in faults(home)} == {"database"}


def test_a_schema_of_the_future_is_told(home: Path) -> None:
    """A newer release's catalog is not examined with an older one's eyes."""
    change(home, "UPDATE schema_row SET revision = '9999', oldest_server = '9999'")
    assert [fault["kind"] for fault in faults(home)] == ["schema"]


def test_modes_are_mended(home: Path) -> None:
    """The home and its token are their owner's alone."""
    home.chmod(0o755)
    assert [(fault["kind"], fault["repaired"]) for fault in faults(home)] == [("mode", False)]
    assert home.stat().st_mode & 0o777 == 0o755, "without --repair nothing changes"
    assert [fault["repaired"] for fault in faults(home, "--repair", status=0)] == [True]
    assert home.stat().st_mode & 0o777 == 0o700
    (home / "token").chmod(0o644)
    assert [fault["repair"] for fault in faults(home)] == [None], "somebody may know it"


def test_the_likely_mistakes_are_answered(server: Server, tmp_path: Path) -> None:
    """A running server is no hindrance, but for repairs."""
    assert faults(server.home, status=0) == []
    assert "holds the home" in refused("doctor", "--home", server.home, "--repair")
    assert "There is no home" in refused("doctor", "--home", tmp_path / "nowhere")
    assert "add --repair" in refused("doctor", "--home", server.home, "--from", tmp_path)
