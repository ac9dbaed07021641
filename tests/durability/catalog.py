"""Looks at a home from outside: what the catalog refers to, and which bytes lie there."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from blake3 import blake3
from sqlalchemy import create_engine, text

LIVE = 1  # stores.files.BlobState


def query(home: Path, store: str | None, sql: str) -> list[tuple[object, ...]]:
    """The rows of a statement, read from the catalog itself."""
    url = f"sqlite:///{home / 'assay.db'}" if store is None else store.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql))]
    finally:
        engine.dispose()


def check_references(home: Path, store: str | None = None) -> set[str]:
    """The objects that paths name: each is live in the catalog and lies on disk, whole."""
    rows = query(
        home,
        store,
        "SELECT e.path, e.blob_id, e.size, b.size, b.blake3, b.state "
        "FROM tree_entry e LEFT JOIN blob b ON b.id = e.blob_id",
    )
    for path, id, entry_size, size, digest, state in rows:
        assert state == LIVE, f"{path} names the object {id} in state {state}"
        place = home / "files" / str(id)[:2] / str(id)
        assert place.is_file(), f"{path} names the object {id}, which is gone"
        data = place.read_bytes()
        assert len(data) == size == entry_size, f"{path}: {len(data)} bytes, the catalog says {size}"
        assert blake3(data).hexdigest() == digest, f"{path}: other bytes than were stored"
    return {str(row[1]) for row in rows}


def objects(home: Path) -> set[str]:
    """The names of the objects that lie on disk."""
    return {p.name for p in (home / "files").glob("*/*") if p.parent.name != "parts"}


def check_no_garbage(home: Path, used: set[str], store: str | None = None) -> None:
    """After a collection without grace, what lies on disk and what the catalog lists is what paths name."""
    assert objects(home) == used
    assert {str(row[0]) for row in query(home, store, "SELECT id FROM blob")} == used


def check_sqlite(home: Path) -> None:
    """The database file is sound."""
    connection = sqlite3.connect(home / "assay.db")
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        connection.close()
