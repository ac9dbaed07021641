"""Runs written straight into a store: ours while its server rests, the peers' beside their idle servers.

They have what search looks at and shows: a row, params, tags, latest values. Histories they have none.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import load
import runs_data
from asking import Asker
from peer_rows import PeerFile
from runs_data import Run
from sqlalchemy import Index, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex
from targets import Target

from assay.core.config import as_number
from assay.core.ids import Kind, make_id
from assay.stores import schema
from assay.stores.search import INDEXED

AT_ONCE = 10_000  # runs whose rows are written together
TABLES = (schema.run, schema.param, schema.tag, schema.metric_latest)
Put = Callable[[Table, Sequence[str], Sequence[Sequence[Any]]], None]


def grow(target: Target, first: int, end: int) -> None:
    """The store has the runs up to this number; it had those before the first. Its server answers, and one is checked.

    Raises:
        RuntimeError: The server shows a run that is not the one that was written.
    """
    if target.kind.ours:
        target.rest()
        (_in_postgres if target.kind.store else _in_sqlite)(target, first, end)
        target.start()
    else:
        _in_peer(target, first, end)
    _check(target, runs_data.one(end - 1))


def _check(target: Target, run: Run) -> None:
    asker = Asker(target.url)
    shown = asker.get(f"/api/2.0/mlflow/runs/get?run_id={run.uid}").json()["run"]
    asker.close()
    data, info = shown["data"], shown["info"]
    found = [{item["key"]: item["value"] for item in data.get(kind, [])} for kind in ("params", "metrics", "tags")]
    expected: list[dict[str, Any]] = [run.params, run.metrics, run.tags]
    if found != expected or int(info["start_time"]) != run.start_ms:
        raise RuntimeError(f"{target.kind.name} shows {shown}, and not {run}")


def _write(first: int, end: int, workspace_id: int, key_ids: dict[str, int], put: Put) -> None:
    """Puts the rows of ours."""
    shared = {"workspace_id": workspace_id, "experiment_id": 0, "status": "finished", "lifecycle": "active", "epoch": 0}
    names = ("id", "uid", "name", "user_name", "start_us", "end_us", "created_us", "updated_us")
    for some in _parts(first, end):
        owned = [(make_id(Kind.RUN, run.start_ms * 1_000, run.number), run) for run in some]
        put(
            schema.run,
            (*names, *shared),
            [
                (id, r.uid, r.name, "bench", r.start_ms * 1_000, *[r.end_ms * 1_000] * 3, *shared.values())
                for id, r in owned
            ],
        )
        put(
            schema.param,
            ("owner_id", "key_id", "value", "value_key", "number", "origin"),
            [
                (id, key_ids[key], value, value[:INDEXED], as_number(value), "set")
                for id, r in owned
                for key, value in r.params.items()
            ],
        )
        put(
            schema.tag,
            ("owner_id", "key_id", "value", "value_key"),
            [(id, key_ids[key], value, value[:INDEXED]) for id, r in owned for key, value in r.tags.items()],
        )
        put(
            schema.metric_latest,
            ("owner_id", "key_id", "context_id", "value", "is_nan", "step", "time_us", "min_value", "max_value"),
            [
                (id, key_ids[key], 0, value, False, 100, r.end_ms * 1_000, value, value)
                for id, r in owned
                for key, value in r.metrics.items()
            ],
        )


def _parts(first: int, end: int) -> Iterator[list[Run]]:
    """The runs, so many at once that their rows fit the memory."""
    source = runs_data.runs(first, end)
    while some := list(islice(source, AT_ONCE)):
        yield some


def _names() -> list[str]:
    return sorted({*runs_data.PARAMS, *runs_data.METRICS, *runs_data.TAGS})


def _indices() -> Iterator[Index]:
    for table in TABLES:
        yield from table.indexes


@contextmanager
def _without_indices(execute: Callable[[str], Any], dialect: Any) -> Iterator[None]:
    """The tables' secondary indices are made anew afterwards, which is faster than to keep them."""
    for index in _indices():
        execute(f"DROP INDEX {index.name}")
    yield
    for index in _indices():
        execute(str(CreateIndex(index).compile(dialect=dialect)))


def _in_sqlite(target: Target, first: int, end: int) -> None:
    file = sqlite3.connect(target.folder / "home" / "assay.db", isolation_level=None)
    file.execute("PRAGMA journal_mode = DELETE")
    file.execute("PRAGMA synchronous = OFF")
    file.execute("PRAGMA cache_size = -262144")

    def put(table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        file.executemany(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", rows)

    file.execute("BEGIN")
    (workspace_id,) = file.execute("SELECT id FROM workspace").fetchone()
    file.executemany(
        "INSERT INTO key (workspace_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(workspace_id, name) for name in _names()],
    )
    key_ids = dict(file.execute("SELECT name, id FROM key").fetchall())
    with _without_indices(file.execute, sqlite.dialect()):
        _write(first, end, workspace_id, key_ids, put)
    file.execute("COMMIT")
    file.execute("PRAGMA journal_mode = WAL")
    file.close()


def _in_postgres(target: Target, first: int, end: int) -> None:
    import psycopg

    with psycopg.connect(target.kind.store, autocommit=True) as server:

        def put(table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
            with server.cursor().copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)

        with server.transaction():
            found = server.execute("SELECT id FROM workspace").fetchone()
            assert found is not None
            for name in _names():
                server.execute(
                    "INSERT INTO key (workspace_id, name) VALUES (%s, %s) ON CONFLICT DO NOTHING", (found[0], name)
                )
            key_ids = dict(server.execute("SELECT name, id FROM key").fetchall())
            with _without_indices(server.execute, postgresql.dialect()):
                _write(first, end, found[0], key_ids, put)
        server.execute("VACUUM ANALYZE")  # as its own house-keeping would do within a minute


def _in_peer(target: Target, first: int, end: int) -> None:
    peer = PeerFile(target)
    try:
        number = peer.row_num - first + 1
        for some in _parts(first, end):
            peer.put(
                "runs",
                ("run_uuid", "name", "start_time", "end_time", "row_num"),
                [(r.uid, r.name, r.start_ms, r.end_ms, number + r.number) for r in some],
            )
            for table in ("params", "tags"):
                owned = [(r.uid, r.params if table == "params" else r.tags) for r in some]
                names = ("run_uuid", "key", peer.value_of(table))
                peer.put(table, names, [(uid, key, value) for uid, pairs in owned for key, value in pairs.items()])
            peer.put(
                "latest_metrics",
                ("run_uuid", "key", "value", "timestamp", "step", "is_nan", "last_iter"),
                [(r.uid, key, value, r.end_ms, 100, 0, 1) for r in some for key, value in r.metrics.items()],
            )
    finally:
        peer.close()
        load.call(target.url, "runs/delete", {"run_id": peer.uid})  # no search is to find it
