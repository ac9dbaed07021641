"""Backup and restore: consistent under load, on both engines, and nothing damaged is ever restored."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli.house import FILES, Load, assay, fill, log_run, refused, told, whole
from support.postgres import fresh_database
from support.s3 import s3_server
from support.server import Server

from assay.core.audit import decode
from assay.server.gate import backing_up
from assay.services.care.chest import open_target


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A running server with something of everything."""
    server = Server(tmp_path_factory.mktemp("filled") / "home").start()
    http = server.http()
    try:
        yield server, fill(http)
    finally:
        http.close()
        server.stop()


@pytest.fixture(scope="module")
def moment(filled: tuple[Server, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A backup of it while nothing changes, and everything that was to be read."""
    target = tmp_path_factory.mktemp("backup") / "b"
    with closing(filled[0].http()) as http:
        expected = whole(http)
    assert assay("backup", target, "--home", filled[0].home).exit_code == 0
    return target, expected


@pytest.fixture(scope="module")
def backup(moment: tuple[Path, dict[str, Any]]) -> Path:
    """The backup; who changes it takes a copy."""
    return moment[0]


def served(home: Path, *options: str) -> dict[str, Any]:
    """Everything that a server on this home answers."""
    server = Server(home, options).start()
    http = server.http()
    try:
        return whole(http)
    finally:
        http.close()
        server.stop()


@pytest.mark.parametrize("name", ["b", "b.tar"])
def test_a_backup_under_load_is_one_moment(filled: tuple[Server, str], tmp_path: Path, name: str) -> None:
    """What was acknowledged before is there and reads the same; what came in meanwhile is there whole or not at all."""
    server, experiment_id = filled
    with closing(server.http()) as http:
        before = whole(http)
    with Load(server.url, experiment_id) as load:
        load.wait()
        made = told("backup", tmp_path / name, "--home", server.home, "--json")
    assert made["missing"] == []
    assert made["runs"] >= len(before["runs"]) + 1
    assert assay("restore", tmp_path / name, "--check").exit_code == 0
    assert told("restore", tmp_path / name, "--home", tmp_path / "new", "--json")["runs"] == made["runs"]
    assert told("doctor", "--home", tmp_path / "new", "--json")["faults"] == []
    after = served(tmp_path / "new")
    with closing(server.http()) as http:
        now = whole(http)
    assert after["experiments"] == before["experiments"]
    assert {id: after["runs"].get(id) for id in before["runs"]} == before["runs"]
    ended = {id: run for id, run in after["runs"].items() if run["run"]["info"]["status"] == "FINISHED"}
    assert len(ended) > len(before["runs"])
    assert {id: now["runs"].get(id) for id in ended} == ended


def test_a_backup_moves_between_the_engines(
    moment: tuple[Path, dict[str, Any]], database_server: Any, tmp_path: Path
) -> None:
    """SQLite to PostgreSQL and back: everything reads the same in each place, and names go on where they ended."""
    store = ("--store", fresh_database(database_server))
    backup, expected = moment
    told("restore", backup, "--home", tmp_path / "pg", *store, "--json")
    server = Server(tmp_path / "pg", store).start()
    try:
        with closing(server.http()) as there:
            assert whole(there) == expected
            new = there.mlflow("POST", "experiments/create", {"name": "later"})["experiment_id"]
            assert int(new) == 1 + max(int(item["experiment_id"]) for item in expected["experiments"])
            with Load(server.url, new) as load:
                load.wait()
                fresh = {"run_id": load.done[0], "params": [{"key": "fresh", "value": "1"}]}
                there.mlflow("POST", "runs/log-batch", fresh)  # its name gets a number of its own
                made = told("backup", tmp_path / "again", "--home", tmp_path / "pg", *store, "--json")
            last = whole(there)
        assert "other connections" in refused("restore", backup, "--home", tmp_path / "x", *store, "--force")
    finally:
        server.stop()
    assert made["runs"] > len(expected["runs"])
    assert told("doctor", "--home", tmp_path / "pg", *store, "--json")["faults"] == []
    told("restore", tmp_path / "again", "--home", tmp_path / "back", "--json")
    back = served(tmp_path / "back")
    assert {id: back["runs"].get(id) for id in expected["runs"]} == expected["runs"]
    ended = {id: run for id, run in back["runs"].items() if run["run"]["info"]["status"] == "FINISHED"}
    assert {id: last["runs"].get(id) for id in ended} == ended
    assert "not empty" in refused("restore", backup, "--home", tmp_path / "y", *store)
    assert assay("restore", backup, "--home", tmp_path / "pg", *store, "--force").exit_code == 0
    assert told("doctor", "--home", tmp_path / "pg", *store, "--json")["faults"] == []


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _object(root: Path) -> Path:
    return max(root.glob("objects/*/*"), key=lambda path: path.stat().st_size)


def _edit(path: Path) -> None:
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "missing": ["a" * 32]}))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda root: _flip(_object(root)), "is damaged: objects/"),
        (lambda root: _object(root).unlink(), "is damaged: objects/"),
        (lambda root: _object(root).write_bytes(b""), "is damaged: objects/"),
        (lambda root: _flip(next(root.glob("catalog-*.db"))), "is damaged: catalog-"),
        (lambda root: next(root.glob("catalog-*.db")).unlink(), "is damaged: catalog-"),
        (lambda root: (root / "manifest.json").unlink(), "was broken off"),
        (lambda root: _edit(root / "manifest.json"), "cannot be trusted"),
        (lambda root: (root / "manifest.json").write_text("{"), "cannot be trusted"),
        (shutil.rmtree, "There is no "),
    ],
)
def test_a_damaged_backup_is_refused(backup: Path, tmp_path: Path, damage: Callable[[Path], Any], says: str) -> None:
    """Every kind of damage is told, and the home is as it was."""
    copy = tmp_path / "copy"
    shutil.copytree(backup, copy)
    damage(copy)
    assert says in refused("restore", copy, "--home", tmp_path / "home")
    assert not (tmp_path / "home/assay.db").exists()
    assert not list((tmp_path / "home").glob("files/*/*"))


def test_a_tar_file_cut_short_is_refused(backup: Path, tmp_path: Path, filled: tuple[Server, str]) -> None:
    """A tar file comes under its name only when it is whole; one that lost its end is refused."""
    target = tmp_path / "b.tar"
    assert assay("backup", target, "--home", filled[0].home).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar"]
    target.write_bytes(target.read_bytes()[: target.stat().st_size // 2])
    refused("restore", target, "--home", tmp_path / "home")


def test_the_likely_mistakes_are_answered(filled: tuple[Server, str], backup: Path, tmp_path: Path) -> None:
    """Each says what to do."""
    home = filled[0].home
    assert "holds the home" in refused("restore", backup, "--home", home)
    assert "There is no home" in refused("backup", tmp_path / "b", "--home", tmp_path / "nowhere")
    (tmp_path / "other").mkdir()
    assert "There is no catalog" in refused("backup", tmp_path / "b", "--home", tmp_path / "other")
    (tmp_path / "other/mine.txt").write_text("mine")
    assert "holds other things" in refused("backup", tmp_path / "other", "--home", home)
    assert "is not a backup" in refused("restore", tmp_path / "other", "--home", tmp_path / "new")
    assert "is a file" in refused("backup", tmp_path / "other/mine.txt", "--home", home)
    assert assay("restore", backup, "--home", tmp_path / "new").exit_code == 0
    assert "not empty" in refused("restore", backup, "--home", tmp_path / "new")
    assert "There is no home" in refused("gc", "--home", tmp_path / "nowhere")
    with closing(open_target(tmp_path / "busy")):
        assert "Another backup is being written" in refused("backup", tmp_path / "busy", "--home", home)
    assert "broken off" in refused("restore", tmp_path / "busy", "--home", tmp_path / "new2")
    assert "postgresql://" in refused("backup", tmp_path / "b", "--home", home, "--store", "mysql://x")


def test_a_folder_is_brought_up_to_date(filled: tuple[Server, str], backup: Path, tmp_path: Path) -> None:
    """Only new files are copied; what is gone goes; a backup that fails leaves the one before whole."""
    home, target = tmp_path / "home", tmp_path / "b"
    assert assay("restore", backup, "--home", home).exit_code == 0
    first = told("backup", target, "--home", home, "--json")
    assert first["copied"] == first["files"] > 0
    server = Server(home).start()
    with closing(server.http()) as http:
        runs = [run["run"]["info"] for run in whole(http)["runs"].values()]
        run = next(info for info in runs if info["run_name"] == "rate 0.3")
        place = f"{FILES}/{run['experiment_id']}/{run['run_id']}/artifacts"
        answers = http.request("PUT", f"{place}/new.txt", b"new"), http.request("DELETE", f"{place}/notes.txt")
    server.stop()
    assert [answer.status for answer in answers] == [200, 200]
    second = told("backup", target, "--home", home, "--json")
    assert (second["copied"], second["files"]) == (1, first["files"])
    assert len(list(target.glob("objects/*/*"))) == second["files"]
    assert len(list(target.glob("catalog*"))) == 1

    lost = "f" * 32
    with closing(sqlite3.connect(home / "assay.db")) as connection, connection:
        connection.execute(
            "INSERT INTO blob SELECT ?, workspace_id, 7, blake3, NULL, NULL, 1, 0 FROM blob LIMIT 1", (lost,)
        )
    assert lost in refused("backup", target, "--home", home)
    assert told("restore", target, "--check", "--json")["files"] == second["files"], "the one before is whole"
    third = told("backup", target, "--home", home, "--incomplete", "--json")
    assert third["missing"] == [lost]
    assert told("restore", target, "--home", tmp_path / "rest", "--json")["missing"] == [lost]


def test_a_restore_that_broke_off_can_be_started_again(backup: Path, tmp_path: Path) -> None:
    """With the same backup, and without --force; objects that nobody began to restore are in the way."""
    home = tmp_path / "home"
    (home / "files/aa").mkdir(parents=True)
    some = max(backup.glob("objects/*/*"))
    place = home / "files" / some.name[:2] / some.name
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(b"half")
    assert "1 stored objects" in refused("restore", backup, "--home", home)
    (home / "restore.unfinished").write_text(json.loads((backup / "manifest.json").read_text())["catalog_blake3"])
    assert assay("restore", backup, "--home", home).exit_code == 0
    assert told("doctor", "--home", home, "--json")["faults"] == []
    assert not (home / "restore.unfinished").exists()


def test_a_restore_is_recorded(backup: Path, tmp_path: Path) -> None:
    """The chain of the restored store says so, and from which backup; what came after the backup cannot."""
    home = tmp_path / "home"
    assert assay("restore", backup, "--home", home).exit_code == 0
    with closing(sqlite3.connect(home / "assay.db")) as connection:
        data, detail = connection.execute(
            "SELECT record, detail FROM audit_record JOIN audit_detail USING (workspace_id, seq) ORDER BY seq DESC"
        ).fetchone()
    made = json.loads((backup / "manifest.json").read_bytes())
    found = decode(data)
    assert (found.act, found.how, str(found.subjects[0])) == ("restore", "home", "workspace/1")
    assert json.loads(detail) == {"actor": "home", "backup": made["catalog_blake3"], "made_us": made["created_us"]}


def test_files_in_an_object_store(tmp_path: Path) -> None:
    """They are backed up like those of a folder, and can be restored to a folder or to another bucket."""
    with s3_server() as s3:
        there = ("--artifacts", f"s3://{s3.bucket()}/a")
        home = tmp_path / "home"
        server = Server(home, there, env=s3.env).start()
        try:
            with closing(server.http()) as http:
                fill(http)
                expected = whole(http)
            assert told("backup", tmp_path / "b", "--home", home, *there, "--json", **s3.env)["files"] == 8
        finally:
            server.stop()
        assert told("restore", tmp_path / "b", "--home", tmp_path / "folder", "--json")["files"] == 8
        assert "not empty" in refused("restore", tmp_path / "b", "--home", tmp_path / "x", *there, **s3.env)
        other = ("--artifacts", f"s3://{s3.bucket()}/b")
        told("restore", tmp_path / "b", "--home", tmp_path / "other", *other, "--json", **s3.env)
        assert told("doctor", "--home", tmp_path / "other", *other, "--json", **s3.env)["faults"] == []
        wrong = told(
            "doctor",
            "--home",
            tmp_path / "folder",
            "--artifacts",
            f"s3://{s3.bucket()}/c",
            "--json",
            status=3,
            **s3.env,
        )
        assert {fault["kind"] for fault in wrong["faults"]} == {"bytes"}
    assert served(tmp_path / "folder") == expected


def test_gc_keeps_out_of_the_way_of_a_backup(filled: tuple[Server, str]) -> None:
    """Through the server and without: refused while a backup runs, done afterwards."""
    server, experiment_id = filled
    with closing(server.http()) as http:
        run_id = log_run(http, experiment_id, "overwritten")
        place = f"{FILES}/{experiment_id}/{run_id}/artifacts/notes.txt"
        told("gc", "--home", server.home, "--grace-hours", "0", "--json")
        assert http.request("PUT", place, b"another text").status == 200
        with backing_up(server.home):
            assert "backup of this home is running" in refused("gc", "--home", server.home, "--grace-hours", "0")
        assert told("gc", "--home", server.home, "--json")["deleted"] == 0
        assert told("gc", "--home", server.home, "--grace-hours", "0", "--json")["deleted"] == 1
        assert http.request("GET", place).body == b"another text"
