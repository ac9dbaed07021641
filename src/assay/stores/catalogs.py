"""Whole catalogs beside a running server: SQLite's file is read as a second process may, PostgreSQL as anybody."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Boolean, Connection, Table, create_engine
from sqlalchemy.engine import make_url

from assay.ports.catalogs import Fault, StoredObject, Tell
from assay.stores import inspection, schema
from assay.stores.audit import AuditStore
from assay.stores.delta import POSTGRES, SQLITE
from assay.stores.migrate import build, check
from assay.stores.migrations import HEAD
from assay.stores.snapshot import sqlite_engine, sync, upgrade
from assay.stores.writer import passing
from assay.wire.errors import Corrupt, InvalidState, NotFound, Unavailable

PAGES = 2_048  # copied between two looks at the progress
ROWS = 500
OTHERS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


class SqliteCatalog:
    """See `assay.ports.catalogs.Catalog`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def _connected(self, mode: str = "ro") -> Iterator[Connection]:
        if not self._path.exists():
            raise NotFound(
                f"There is no catalog in {self._path.parent}",
                field="--home",
                remedy="give the --home that a server has used, and its --store if that is PostgreSQL",
            )
        engine = sqlite_engine(self._path, mode)
        try:
            with engine.connect() as connection, connection.begin() as transaction:
                yield connection
                if mode == "ro":
                    transaction.rollback()  # a damaged file cannot even end a transaction by commit
        finally:
            engine.dispose()

    def snapshot(self, target: Path, tell: Tell) -> None:
        """One moment of the catalog, by SQLite's own backup within one read transaction: writers go on meanwhile."""
        with self._connected() as connection, closing(sqlite3.connect(target)) as copy, _readable():
            source = connection.connection.driver_connection
            assert isinstance(source, sqlite3.Connection)
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the moment
            source.backup(
                copy, pages=PAGES, progress=lambda _, left, total: tell("catalog", total - left, total), sleep=0
            )
            copy.execute("PRAGMA journal_mode = DELETE")
        sync(target)

    def things(self) -> int:
        """What is not in every fresh catalog."""
        if not self._path.exists():
            return 0
        with self._connected() as connection:
            return inspection.things(connection)

    def replace(self, source: Path, tell: Tell) -> None:
        """The file is copied beside, upgraded there, and takes the place of the old one at once."""
        part = self._path.with_suffix(".restored")
        _remove(part)
        shutil.copyfile(source, part)
        part.chmod(0o600)
        upgrade(part)
        sync(part)
        with suppress(sqlite3.Error), closing(sqlite3.connect(self._path)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what a killed server left would be read into the new file
        for suffix in ("-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        part.rename(self._path)
        sync(self._path.parent)
        tell("catalog", 1, 1)

    def examine(self, tell: Tell, *, quick: bool) -> Iterator[Fault]:
        """What is wrong inside."""
        with self._connected() as connection:
            yield from inspection.examine(connection, SQLITE, tell, quick=quick)

    def repair(self, faults: Sequence[Fault]) -> None:
        """Does what the faults say."""
        with self._connected("rw") as connection:
            inspection.repair(connection, SQLITE, faults)

    @contextmanager
    def audit(self) -> Iterator[AuditStore]:
        """One moment of the audit chains."""
        with self._connected() as connection:
            yield inspection.audit(connection, SQLITE)

    def objects(self) -> list[StoredObject]:
        """The objects in use."""
        with self._connected() as connection:
            return inspection.objects(connection)

    def number(self) -> int | None:
        """The number that the catalog claims its objects under."""
        with self._connected() as connection:
            return inspection.number(connection)

    def files_of(self, object_id: str) -> list[str]:
        """The files that are this object, for people."""
        with self._connected() as connection:
            return inspection.files_of(connection, object_id)

    def known(self, ids: Sequence[str]) -> set[str]:
        """Those of the objects that have a row."""
        with self._connected() as connection:
            return inspection.known(connection, ids)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise Corrupt(f"The catalog cannot be read: {error}", remedy="see assay doctor, or restore a backup") from error


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


class PostgresCatalog:
    """See `assay.ports.catalogs.Catalog`."""

    def __init__(self, url: str) -> None:
        self._address = make_url(url).set(drivername="postgresql+psycopg")

    @contextmanager
    def _connected(self, *, write: bool = False) -> Iterator[Connection]:
        engine = create_engine(self._address)
        try:
            with passing(POSTGRES), engine.connect() as connection:
                if not write:
                    connection = connection.execution_options(  # noqa: PLW2901 -- the same one
                        isolation_level="REPEATABLE READ", postgresql_readonly=True
                    )
                with connection.begin():
                    yield connection
        finally:
            engine.dispose()

    def snapshot(self, target: Path, tell: Tell) -> None:
        """One moment of the catalog, read in one snapshot and written as SQLite's tables."""
        upgrade(target)
        with self._connected() as connection, closing(sqlite3.connect(target, isolation_level=None)) as copy:
            found = check(connection)
            if found != HEAD:
                raise InvalidState(
                    f"The store has schema {found or 'none'}; this program knows {HEAD}",
                    field="--store",
                    remedy="start this release's server on it once, or back up with the release that serves it",
                )
            copy.execute("PRAGMA journal_mode = OFF")
            copy.execute("PRAGMA synchronous = OFF")
            indexes = copy.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            ).fetchall()
            copy.execute("BEGIN")
            for name, _ in indexes:  # filled first and indexed afterwards: many times faster
                copy.execute(f'DROP INDEX "{name}"')
            for table in schema.metadata.sorted_tables:
                _fetch(connection, table, copy, tell)
            for _, statement in indexes:
                copy.execute(statement)
            copy.execute("COMMIT")
            copy.execute("PRAGMA journal_mode = DELETE")
        sync(target)

    def things(self) -> int:
        """What is not in every fresh catalog."""
        with self._connected() as connection:
            return 0 if check(connection) is None else inspection.things(connection)

    def replace(self, source: Path, tell: Tell) -> None:
        """The tables are made anew and filled in one transaction. Raises Unavailable while others are connected."""
        part = source.with_suffix(".upgraded")
        _remove(part)
        shutil.copyfile(source, part)
        try:
            upgrade(part)
            with closing(sqlite3.connect(part)) as given, self._connected(write=True) as connection:
                others = connection.exec_driver_sql(OTHERS).scalar_one()
                if others:
                    raise Unavailable(
                        f"{others} other connections use the database",
                        field="--store",
                        remedy="stop every server on it, then restore",
                    )
                connection.exec_driver_sql(POSTGRES.schema_lock)
                schema.metadata.drop_all(connection)
                build(connection, POSTGRES)
                for table in reversed(schema.metadata.sorted_tables):
                    if connection.exec_driver_sql(f'SELECT EXISTS (SELECT 1 FROM "{table.name}")').scalar_one():  # noqa: S608 -- the schema's own names
                        connection.execute(table.delete())  # the rows that every fresh catalog has
                for table in schema.metadata.sorted_tables:
                    _send(given, table, connection, tell)
        finally:
            _remove(part)

    def examine(self, tell: Tell, *, quick: bool) -> Iterator[Fault]:
        """What is wrong inside."""
        with self._connected() as connection:
            yield from inspection.examine(connection, POSTGRES, tell, quick=quick)

    def repair(self, faults: Sequence[Fault]) -> None:
        """Does what the faults say."""
        with self._connected(write=True) as connection:
            inspection.repair(connection, POSTGRES, faults)

    @contextmanager
    def audit(self) -> Iterator[AuditStore]:
        """One moment of the audit chains."""
        with self._connected() as connection:
            yield inspection.audit(connection, POSTGRES)

    def objects(self) -> list[StoredObject]:
        """The objects in use."""
        with self._connected() as connection:
            return inspection.objects(connection)

    def number(self) -> int | None:
        """The number that the catalog claims its objects under."""
        with self._connected() as connection:
            return inspection.number(connection)

    def files_of(self, object_id: str) -> list[str]:
        """The files that are this object, for people."""
        with self._connected() as connection:
            return inspection.files_of(connection, object_id)

    def known(self, ids: Sequence[str]) -> set[str]:
        """Those of the objects that have a row."""
        with self._connected() as connection:
            return inspection.known(connection, ids)


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw


def _fetch(connection: Connection, table: Table, copy: sqlite3.Connection, tell: Tell) -> None:
    """The table of the file is that of the database."""
    names = [column.name for column in table.columns]
    total = connection.exec_driver_sql(f'SELECT count(*) FROM "{table.name}"').scalar_one()  # noqa: S608 -- the schema's own names
    quoted, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
    copy.execute(f'DELETE FROM "{table.name}"')  # noqa: S608 -- the same
    insert = f'INSERT INTO "{table.name}" ({quoted}) VALUES ({marks})'  # noqa: S608 -- the same
    done = 0
    with _driver(connection).cursor(name="assay_backup") as cursor:
        cursor.execute(
            sql.SQL("SELECT {} FROM {}").format(
                sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(table.name)
            )
        )
        while rows := cursor.fetchmany(ROWS):
            copy.executemany(insert, rows)
            done += len(rows)
            tell(f"catalog: {table.name}", done, total)


def _send(given: sqlite3.Connection, table: Table, connection: Connection, tell: Tell) -> None:
    """The table of the database is that of the file."""
    names = [column.name for column in table.columns]
    booleans = [at for at, column in enumerate(table.columns) if isinstance(column.type, Boolean)]
    total = given.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()[0]  # noqa: S608 -- the schema's own names
    if not total:
        return
    quoted = ", ".join(f'"{name}"' for name in names)
    rows = given.execute(f'SELECT {quoted} FROM "{table.name}"')  # noqa: S608 -- the same
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    done = 0
    with _driver(connection).cursor() as cursor:
        with cursor.copy(statement) as copy:
            while some := rows.fetchmany(ROWS):
                for row in some:
                    values = list(row)
                    for at in booleans:
                        values[at] = bool(values[at])
                    copy.write_row(values)
                done += len(some)
                tell(f"catalog: {table.name}", done, total)
        if table.autoincrement_column is not None:
            last = given.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).fetchone()
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, %s), %s)",
                (f'"{table.name}"', table.autoincrement_column.name, last[0]),
            )


def open_catalog(address: str | None, path: Path) -> SqliteCatalog | PostgresCatalog:
    """The catalog of a PostgreSQL URL, or of a SQLite file."""
    return SqliteCatalog(path) if address is None else PostgresCatalog(address)
