"""Every store that ever landed is opened by this server, and holds what it held."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from cli.house import told
from migrations.stores import HERE, load, read, unpack
from support.postgres import fresh_database

from assay.stores.migrations import HEAD

LANDED = sorted(path.name for path in HERE.iterdir() if path.name.isdigit())


def held(revision: str, engine: str) -> Any:
    return json.loads(gzip.decompress((HERE / revision / "held.json.gz").read_bytes()))[engine]


def test_the_newest_revision_is_recorded() -> None:
    assert HEAD in LANDED, "record it: PYTHONPATH=tests .venv/bin/python -m migrations.stores"


@pytest.mark.parametrize("revision", LANDED)
def test_a_sqlite_home(revision: str, tmp_path: Path) -> None:
    unpack(HERE / revision / "sqlite.tar.gz", tmp_path / "home")
    expected = held(revision, "sqlite")
    assert expected
    assert read(tmp_path / "home") == expected


@pytest.mark.parametrize("revision", [LANDED[0], LANDED[-1]])
def test_the_audit_chain_of_a_home(revision: str, tmp_path: Path) -> None:
    """Its records and, where there is one, its checkpoint verify for ever."""
    home = tmp_path / "home"
    unpack(HERE / revision / "sqlite.tar.gz", home)
    told("audit", "checkpoint", "--home", home, "--json")
    chains = told("audit", "verify", "--home", home, "--json")["chains"]
    assert [(chain["faults"], chain["unanchored"]) for chain in chains] == [(0, 0)] * len(chains)
    accounts = revision >= "0007"  # whose changes are recorded, each in the chain of its workspace
    assert [chain["records"] for chain in chains] == ([8, 1] if accounts else [1])
    assert chains[0]["checkpoints"] == (1 if revision < "0006" else 2)  # the key is not part of what was recorded


@pytest.mark.parametrize("revision", LANDED)
def test_a_postgresql_database(revision: str, tmp_path: Path, database_server: Any) -> None:
    address = fresh_database(database_server)
    load(HERE / revision / "postgresql.sql.gz", address)
    unpack(HERE / revision / "postgresql-files.tar.gz", tmp_path / "home")
    assert read(tmp_path / "home", "--store", address) == held(revision, "postgresql")
