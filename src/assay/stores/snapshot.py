"""One moment of a catalog as a SQLite file: what a backup holds, whichever engine the catalog is on."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine, create_engine, event

from assay.ports.catalogs import StoredObject
from assay.stores.blobs import NUMBER, BlobState
from assay.stores.delta import SQLITE
from assay.stores.migrate import prepare
from assay.wire.errors import Corrupt

FAULTS_BOUND = 20
BUSY_MS = 20_000


def sqlite_engine(path: Path, mode: str) -> Engine:
    """The file's engine; mode is SQLite's: ro, rw or rwc."""

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        return connection

    engine = create_engine("sqlite://", creator=connect)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def upgrade(path: Path) -> None:
    """The file has this program's revision. Raises InvalidState if a newer one wrote it."""
    engine = sqlite_engine(path, "rwc")
    try:
        prepare(engine, SQLITE)
    finally:
        engine.dispose()


class SnapshotFile:
    """See `assay.ports.catalogs.Snapshot`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = sqlite3.connect(path, isolation_level=None)
        try:
            self._connection.execute("PRAGMA journal_mode = DELETE")
            row = self._connection.execute("SELECT revision FROM schema_row").fetchone()
            self.revision: str = row[0]
        except (sqlite3.Error, TypeError) as error:
            self._connection.close()
            raise Corrupt(f"{path.name} is no catalog: {error}", remedy="use another backup") from error

    @property
    def number(self) -> int | None:
        """The number that the catalog claims its objects under."""
        row = self._connection.execute("SELECT value FROM counter WHERE name = ?", (NUMBER,)).fetchone()
        return None if row is None else int(row[0])

    def set_number(self, number: int) -> None:
        """The catalog claims its objects under this number."""
        self._connection.execute("INSERT OR REPLACE INTO counter (name, value) VALUES (?, ?)", (NUMBER, number))

    def prune(self) -> None:
        """Forgets objects that nothing refers to, and uploads under way."""
        self._connection.execute("DELETE FROM upload")
        self._connection.execute("DELETE FROM blob WHERE state <> ?", (int(BlobState.LIVE),))

    def objects(self) -> Iterator[StoredObject]:
        """All objects, by id."""
        last = ""
        while True:
            rows = self._connection.execute(
                "SELECT id, size, blake3 FROM blob WHERE id > ? ORDER BY id LIMIT 1000", (last,)
            ).fetchall()
            yield from (StoredObject(*row) for row in rows)
            if not rows:
                return
            last = rows[-1][0]

    def learn(self, id: str, blake3: str) -> None:
        """The object has this digest."""
        self._connection.execute("UPDATE blob SET blake3 = ? WHERE id = ?", (blake3, id))

    def counts(self) -> dict[str, int]:
        """The rows of every table that has some."""
        names = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
        found = {name: self._connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in names}  # noqa: S608 -- the schema's own names
        return {name: count for name, count in found.items() if count}

    def faults(self) -> list[str]:
        """What SQLite finds wrong with the file."""
        try:
            rows = self._connection.execute(f"PRAGMA integrity_check({FAULTS_BOUND})").fetchall()
        except sqlite3.DatabaseError as error:
            return [str(error)]
        return [row[0] for row in rows if row[0] != "ok"]

    def close(self) -> None:
        """Everything is in the one file, and on disk."""
        self._connection.close()
        sync(self._path)


def sync(path: Path) -> None:
    """The file or folder is on disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
