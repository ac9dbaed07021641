"""The machine is gone: what a backup brings back on an empty one, and what the chain says of the rest."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli.house import Load, assay, fill, told, whole
from support.postgres import fresh_database
from support.s3 import s3_server
from support.server import Server


def govern(server: Server, count: int) -> None:
    """So many more records in the chain."""
    for _ in range(count):
        with closing(server.http()) as http:
            made = http.mlflow("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
            http.mlflow("POST", "runs/delete", {"run_id": made})
        assert assay("purge", made, "--grace-days", "0", "--yes", "--home", server.home).exit_code == 0


@pytest.mark.parametrize("place", ["sqlite and a folder", "postgresql and s3"])
def test_an_empty_machine_is_filled_from_a_backup(place: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Every reference resolves; which records were lost after the backup is said by a checkpoint kept elsewhere."""
    if place == "sqlite and a folder":
        recover(tmp_path, [], [], {})
        return
    databases = [fresh_database(request.getfixturevalue("database_server")) for _ in range(2)]
    with s3_server() as s3:
        old, new = (["--store", store, "--artifacts", f"s3://{s3.bucket()}/files"] for store in databases)
        recover(tmp_path, old, new, s3.env)


def recover(tmp_path: Path, old: list[str], new: list[str], env: dict[str, str]) -> None:
    """Backs up under load, loses everything, restores elsewhere, and looks at what there is."""
    kept = tmp_path / "kept.jsonl"
    server = Server(tmp_path / "home", old, env).start()
    try:
        with closing(server.http()) as http:
            experiment_id = fill(http)
            before = whole(http)
        govern(server, 2)
        with Load(server.url, experiment_id) as load:
            load.wait()
            made = told("backup", tmp_path / "b", "--home", server.home, *old, "--json", **env)
        assert made["missing"] == []
        govern(server, 2)  # after the backup: these are what is lost
        words = ("audit", "checkpoint", "--to", kept, "--home", server.home, *old[:2])
        assert assay(*words, **env).exit_code == 0
    finally:
        server.kill()
    home = tmp_path / "new"
    assert told("restore", tmp_path / "b", "--home", home, *new, "--json", **env)["runs"] == made["runs"]
    assert told("doctor", "--home", home, *new, "--json", **env)["faults"] == []
    server = Server(home, new, env).start()
    try:
        with closing(server.http()) as http:
            after: dict[str, Any] = whole(http)
    finally:
        server.stop()
    assert {id: after["runs"].get(id) for id in before["runs"]} == before["runs"]
    found = told("audit", "verify", "--home", home, *new[:2], "--json", **env)
    assert found["whole"], "by itself the chain agrees: it ends with the restore"
    assert found["chains"][0]["records"] == 3
    words = ("audit", "verify", "--checkpoints", kept, "--home", home, *new[:2], "--json")
    result = assay(*words, **env)
    assert result.exit_code == 3
    (chain,) = json.loads(result.stdout)["chains"]
    assert [(item["record"], item["fault"]) for item in chain["findings"]] == [(4, "lost")]
