"""`assay audit`: with a server and without one, on both engines, and on a file alone."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
from cli.house import assay, refused, told
from support.postgres import fresh_database
from support.server import Server

from assay.core.scope import HOME as OWNER
from assay.core.scope import Scope
from assay.server.compose import open_house
from assay.server.home import Home


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server on each engine, whose chain has three records."""
    options: list[str] = []
    if request.param == "postgresql":
        options = ["--store", fresh_database(request.getfixturevalue("database_server"))]
    running = Server(tmp_path / "home", options).start()
    try:
        for _ in range(3):
            purge_one(running)
        yield running
    finally:
        running.stop()


def purge_one(server: Server, reason: str = "Ann Lee asked") -> None:
    """One more record."""
    with closing(server.http()) as http:
        made = http.mlflow("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
        http.mlflow("POST", "runs/delete", {"run_id": made})
    words = ("purge", made, "--grace-days", "0", "--yes", "--home", server.home, "--reason", reason)
    assert assay(*words).exit_code == 0


def place(server: Server) -> list[str | Path]:
    """The options that name the home and its store."""
    return ["--home", server.home, *server.options]


def verified(*words: str | Path, status: int = 0) -> Any:
    """What verifying tells of the one chain."""
    found = told("audit", "verify", *words, "--json", status=status)
    return {**found, **found["chains"][0]}


def test_from_checkpoint_to_verified_file(server: Server, tmp_path: Path) -> None:
    """A checkpoint is kept elsewhere, and anybody can check an export by it."""
    kept, file = tmp_path / "kept", tmp_path / "chain.jsonl"
    kept.mkdir()
    first = told("audit", "checkpoint", "--to", kept, *place(server), "--json")
    assert [(item["seq"], item["new"]) for item in first["checkpoints"]] == [(3, True)]
    assert first["written"] == 1
    again = told("audit", "checkpoint", "--to", kept, *place(server), "--json")
    assert ([item["new"] for item in again["checkpoints"]], again["written"]) == ([False], 0)
    purge_one(server)
    key = told("audit", "key", *place(server), "--json")
    found = verified("--checkpoints", kept, "--key", key["public"], *place(server))
    assert (found["records"], found["anchored"], found["unanchored"]) == (4, 3, 1)
    assert (found["whole"], found["kept_elsewhere"], found["keys_pinned"]) == (True, True, True)
    assert assay("audit", "verify", "--checkpoints", kept, "--strict", *place(server)).exit_code == 4
    assert told("audit", "export", file, *place(server), "--json") == {"file": str(file), "records": 4}
    assert file.stat().st_mode & 0o777 == 0o600
    home, options = server.home, server.options
    server.stop()
    shutil.rmtree(home)
    away = verified(file, "--checkpoints", kept, "--key", key["public"])
    same = ("records", "head", "checkpoints", "anchored", "findings")
    assert [away[name] for name in same] == [found[name] for name in same]
    said = assay("audit", "verify", file)
    assert said.exit_code == 0
    assert "the chain is whole: 4 records" in said.stdout
    assert "1 records are unanchored, after record 3" in said.stdout
    assert "--checkpoints" in said.stderr
    assert options == server.options


def test_an_export_that_was_changed_is_found(server: Server, tmp_path: Path) -> None:
    kept, file = tmp_path / "kept.jsonl", tmp_path / "chain.jsonl"
    assert assay("audit", "checkpoint", "--to", kept, *place(server)).exit_code == 0
    assert assay("audit", "export", file, *place(server)).exit_code == 0
    lines = file.read_text().splitlines(keepends=True)
    kinds = [json.loads(line)["kind"] for line in lines]
    assert kinds == ["export", "key", "chain", "checkpoint", "record", "record", "record", "end"]
    edited = [line.replace('\\"act\\":\\"purge\\"', '\\"act\\":\\"erase\\"') for line in lines]
    assert edited != lines
    file.write_text("".join(edited))
    found = verified(file, "--checkpoints", kept, status=3)
    assert {"record": 3, "fault": "changed", "first": 1} in found["findings"]
    file.write_text("".join(lines).replace("Ann Lee", "Bob Lee"))
    assert {item["fault"] for item in verified(file, status=3)["findings"]} == {"detail"}
    file.write_text("".join(lines[:5] + lines[6:]))
    assert "lines are missing" in refused("audit", "verify", file)
    file.write_text("".join(lines[:-1]))
    assert "lines are missing" in refused("audit", "verify", file)
    for text in ("", "{}\n", "[]\n", "\xff\n", '{"kind":"export","v":99}\n'):
        file.write_text(text)
        assert "FILE" in json.loads(assay("audit", "verify", file, "--json").stderr)["error"]["field"]
    refused("audit", "verify", tmp_path / "missing")


def test_erasing_a_person_leaves_the_chain_whole(server: Server, tmp_path: Path) -> None:
    """Nothing of her is in an export any more, and that something was erased is a record."""
    purge_one(server, "asked by their owner")
    done = told("audit", "erase", "--mentions", "ann lee", "--yes", *place(server), "--json")
    assert done == {"erased": 3, "records": [5]}
    again = told("audit", "erase", "--mentions", "ann lee", "--yes", *place(server), "--json")
    assert again == {"erased": 0, "records": []}
    found = verified(*place(server))
    assert (found["whole"], found["records"], found["erased"]) == (True, 5, 3)
    assert told("audit", "export", tmp_path / "x.jsonl", *place(server), "--json")["records"] == 5
    text = (tmp_path / "x.jsonl").read_text()
    assert "Ann" not in text
    assert "asked by their owner" in text
    subject = json.loads(json.loads(text.splitlines()[5])["record"])["subjects"][0]
    assert told("audit", "erase", "--subject", subject, "--yes", *place(server), "--json")["erased"] == 1
    assert told("audit", "erase", "--record", "5", "--yes", *place(server), "--json")["erased"] == 1
    assert verified(*place(server))["whole"]


def test_details_of_any_workspace_are_erased(server: Server) -> None:
    """By its name while the server runs, by its number without one; another workspace's records stay as they are."""
    with closing(server.http()) as http:
        http.headers["Authorization"] = f"Bearer {(server.home / 'token').read_text().strip()}"
        assert http.request("POST", "/api/v1/workspaces", {"name": "team"}).status == 201
        assert http.request("POST", "/api/v1/users", {"name": "ann"}).status == 201
        for role in ("viewer", "editor"):
            member = {"user": "ann", "role": role}
            assert http.request("PATCH", "/api/v1/workspaces/team/members", member).status == 200
    words = ("audit", "erase", "--yes", *place(server))
    done = told(*words, "--record", "1", "--workspace", "team", "--json")
    assert done == {"erased": 1, "records": [3]}
    assert "no chain of a workspace" in refused(*words, "--record", "1", "--workspace", "nobody")
    server.stop()
    number = next(item["workspace"] for item in verified(*place(server))["chains"] if item["name"] == "team")
    assert told(*words, "--record", "2", "--workspace", number, "--json") == {"erased": 1, "records": [4]}
    chains = {chain["name"]: chain for chain in told("audit", "verify", *place(server), "--json")["chains"]}
    assert (chains["team"]["records"], chains["team"]["erased"]) == (4, 2)
    assert (chains["default"]["erased"], chains["default"]["faults"]) == (0, 0)


def test_a_replaced_key_is_vouched_for_by_the_one_before(server: Server) -> None:
    old = told("audit", "key", *place(server), "--json")
    new = told("audit", "rotate-key", "--yes", *place(server), "--json")
    assert new["id"] != old["id"]
    assert told("audit", "key", *place(server), "--json") == new
    assert assay("audit", "checkpoint", *place(server)).exit_code == 0
    found = verified("--key", old["public"], *place(server))
    assert (found["whole"], found["records"], found["unanchored"], found["checkpoints"]) == (True, 4, 0, 2)
    strange = verified("--key", new["public"], *place(server), status=3)
    assert [item["fault"] for item in strange["findings"]] == ["signature"]


def test_without_a_server_the_commands_do_it_themselves(server: Server, tmp_path: Path) -> None:
    server.stop()
    kept = tmp_path / "kept.jsonl"
    assert told("audit", "checkpoint", "--to", kept, *place(server), "--json")["written"] == 1
    assert told("audit", "erase", "--record", "1", "--yes", *place(server), "--json")["erased"] == 1
    assert assay("audit", "rotate-key", "--yes", *place(server)).exit_code == 0
    found = verified("--checkpoints", kept, *place(server))
    assert (found["whole"], found["records"], found["anchored"]) == (True, 5, 3)


def test_a_chain_changed_in_the_database_is_found(tmp_path: Path) -> None:
    """By somebody with sqlite3, who takes the triggers away and cuts head, records and checkpoints alike."""
    server = Server(tmp_path / "home").start()
    try:
        for _ in range(3):
            purge_one(server)
        kept = tmp_path / "kept.jsonl"
        assert assay("audit", "checkpoint", "--to", kept, *place(server)).exit_code == 0
    finally:
        server.stop()
    with closing(sqlite3.connect(server.home / "assay.db")) as raw:
        triggers = raw.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%'"
        ).fetchall()
        assert len(triggers) == 9
        for (name,) in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        for table in ("audit_record", "audit_checkpoint", "audit_head", "audit_key"):
            raw.execute(f"DELETE FROM {table}")
        raw.commit()
    found = told("audit", "verify", "--checkpoints", kept, *place(server), "--json", status=3)
    assert (found["whole"], found["lost_chains"]) == (False, ["1"])
    assert "Workspace 1 has no chain" in assay("audit", "verify", "--checkpoints", kept, *place(server)).stdout


def test_the_server_signs_and_exports_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due is done each hour; a chain without records needs no key."""
    kept, home = tmp_path / "kept.jsonl", tmp_path / "home"
    monkeypatch.setenv("ASSAY_CHECKPOINTS", str(kept))
    server = open_house(Home(home))
    try:
        (run_due,) = server.jobs._chores
        assert "audit-checkpoint" in cast("list[str]", run_due())
        assert not (home / "server-key").exists()
        server.services.audit.restored(Scope(actor=OWNER), "0" * 64, 0)
        assert run_due() == []
        with closing(sqlite3.connect(home / "assay.db")) as raw:
            raw.execute("UPDATE job SET due_us = 0")
            raw.commit()
        assert "audit-checkpoint" in cast("list[str]", run_due())
    finally:
        server.close()
    found = verified("--checkpoints", kept, "--home", home)
    assert (found["records"], found["unanchored"]) == (1, 0)


def test_what_is_misused_is_refused(tmp_path: Path) -> None:
    refused("audit", "verify", "--home", tmp_path / "no-home")
    server = Server(tmp_path / "home").start()
    try:
        assert "There are no records yet" in assay("audit", "verify", *place(server)).stdout
        assert told("audit", "checkpoint", *place(server), "--json")["checkpoints"] == []
        purge_one(server)
        refused("audit", "verify", "--key", "abc", *place(server))
        refused("audit", "verify", "--checkpoints", tmp_path / "missing", *place(server))
        refused("audit", "verify", tmp_path / "x", *place(server))
        refused("audit", "verify", "--workspace", "nobody", *place(server))
        refused("audit", "erase", "--yes", *place(server))
        refused("audit", "erase", "--subject", "run", "--yes", *place(server))
        refused("audit", "checkpoint", "--to", tmp_path / "no" / "folder", *place(server))
        (tmp_path / "there").write_text("mine")
        refused("audit", "export", tmp_path / "there", *place(server))
        assert (tmp_path / "there").read_text() == "mine"
        assert verified("--workspace", "default", *place(server))["records"] == 1
    finally:
        server.stop()
