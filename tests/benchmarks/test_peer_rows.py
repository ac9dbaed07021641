"""Rows put into a peer's database are whole: what nobody here knows stands as the peer itself has written it."""

from __future__ import annotations

import importlib.util
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


def test_unknown_columns_are_as_the_peer_has_written_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given columns are set, those that the table lacks are passed over, and an address names the new run."""
    monkeypatch.syspath_prepend(str(FOLDER))
    spec = importlib.util.spec_from_file_location("peer_rows", FOLDER / "peer_rows.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["peer_rows"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with closing(sqlite3.connect(":memory:")) as file:
        file.execute("CREATE TABLE runs (run_uuid, artifact_uri, kind, name)")
        file.execute("CREATE TABLE params (key, value_str, run_uuid, scope)")
        file.execute("INSERT INTO runs VALUES ('old', 'files:/0/old/artifacts', 'LOCAL', 'a')")
        file.execute("INSERT INTO params VALUES (?, ?, 'old', 7)", (module.SAMPLE, module.SAMPLE))
        runs, params = (module.Template(file, table, "old") for table in ("runs", "params"))
        made = list(runs.rows(("run_uuid", "name", "row_num"), [("new", "b", 3)]))
        assert made == [("new", "files:/0/new/artifacts", "LOCAL", "b")]
        assert params.value == "value_str"
        file.executemany(params.statement(), params.rows(("run_uuid", "key", params.value), [("new", "lr", "0.1")]))
        assert file.execute("SELECT * FROM params WHERE run_uuid = 'new'").fetchall() == [("lr", "0.1", "new", 7)]
