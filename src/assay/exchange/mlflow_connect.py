"""MLflow's database, read as it is at one moment: a SQLite file or a PostgreSQL database."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from assay.wire.errors import InvalidInput, NotFound, Unavailable

if TYPE_CHECKING:
    import psycopg

AT_ONCE = 50_000  # rows in memory
PATIENCE_S = 60.0
PLACE = ("host", "hostaddr", "port", "dbname", "service")  # of an address's query, what tells where


class Reader(Protocol):
    """Reads rows, all of the same moment. A parameter is written `?`, and `?*` stands for all that are given."""

    identity: str

    def columns(self) -> dict[str, set[str]]:
        """The columns of each table."""
        ...

    def rows(self, sql: str, given: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query that has few."""
        ...

    def pieces(self, sql: str, given: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query that may have many, a piece at a time."""
        ...

    def close(self) -> None:
        """The database is left."""
        ...


class SqliteReader:
    """A file, opened for reading only.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is no SQLite database.
        Unavailable: It cannot be read now.
    """

    def __init__(self, path: Path) -> None:
        path = path.resolve()
        if not path.is_file():
            raise NotFound(f"There is no file {path}", field="SOURCE", remedy="give the path of mlflow's database")
        self.identity = f"sqlite:{path}"
        self._path = path
        try:
            self._connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode=ro", uri=True, timeout=PATIENCE_S, isolation_level=None
            )
            try:
                self._connection.text_factory = lambda data: data.decode("utf-8", "replace")
                self._connection.execute("BEGIN")
                self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from now on one snapshot
            except BaseException:
                self._connection.close()
                raise
        except sqlite3.DatabaseError as error:
            raise self._told(error) from error

    def _told(self, error: sqlite3.DatabaseError) -> InvalidInput | Unavailable:
        if isinstance(error, sqlite3.OperationalError):
            return Unavailable(
                f"The database {self._path} cannot be read: {error}",
                field="SOURCE",
                remedy="end what writes to it, or copy it with its -wal file and import the copy",
            )
        return InvalidInput(
            f"{self._path} is no intact SQLite database: {error}",
            field="SOURCE",
            remedy="give the path of mlflow's database",
        )

    def columns(self) -> dict[str, set[str]]:
        """The columns of each table."""
        tables = [name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: {column for (column,) in self.rows("SELECT name FROM pragma_table_info(?)", [name])}
            for name in tables
        }

    def rows(self, sql: str, given: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows."""
        return list(itertools.chain.from_iterable(self.pieces(sql, given)))

    def pieces(self, sql: str, given: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """The rows, some at a time."""
        try:
            cursor = self._connection.execute(_marked(sql, given), given)
            while piece := cursor.fetchmany(AT_ONCE):
                yield piece
        except sqlite3.DatabaseError as error:
            raise self._told(error) from error

    def close(self) -> None:
        """The file is left."""
        self._connection.close()


class PostgresReader:
    """A database, read in one read-only transaction.

    Raises:
        Unavailable: It cannot be reached or read.
    """

    def __init__(self, url: str) -> None:
        import psycopg

        self._error = psycopg.Error
        plain = f"postgresql://{url.partition('://')[2]}"  # SQLAlchemy's addresses name the driver, too
        self.identity = named(url)
        try:
            self._connection: psycopg.Connection[tuple[Any, ...]] = psycopg.connect(plain, autocommit=False)
            self._connection.read_only = True
            self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        except psycopg.ProgrammingError as error:  # it quotes what it cannot read of the address, passwords too
            raise _unread() from error
        except (psycopg.Error, UnicodeError) as error:
            raise self._told(error) from error

    def _told(self, error: BaseException) -> Unavailable:
        said = str(error).strip().splitlines()[:1]
        return Unavailable(
            f"The database {self.identity} cannot be read: {said[0] if said else type(error).__name__}",
            field="SOURCE",
            remedy="check the address, user and password",
        )

    def columns(self) -> dict[str, set[str]]:
        """The columns of each table."""
        found: dict[str, set[str]] = {}
        sql = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
        for table, column in self.rows(sql):
            found.setdefault(table, set()).add(column)
        return found

    def rows(self, sql: str, given: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows."""
        try:
            return self._connection.execute(_percent(sql, given), given).fetchall()
        except self._error as error:
            raise self._told(error) from error

    def pieces(self, sql: str, given: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """The rows, some at a time, by a cursor of the server."""
        try:
            with self._connection.cursor("assay_import") as cursor:
                cursor.execute(_percent(sql, given), given)
                while piece := cursor.fetchmany(AT_ONCE):
                    yield piece
        except self._error as error:
            raise self._told(error) from error

    def close(self) -> None:
        """The database is left."""
        self._connection.close()


def named(url: str) -> str:
    """What a database of PostgreSQL is called by, without who asks and how he proves it. Raises InvalidInput."""
    try:
        parts = urlsplit(url)
        found = f"postgresql://{parts.hostname or ''}:{parts.port or 5432}{parts.path}"
    except ValueError:
        raise _unread() from None
    if parts.hostname:
        return found
    given = [pair for pair in parse_qsl(parts.query) if pair[0] in PLACE]  # by a socket, which the query names
    return f"{found}?{urlencode(given)}"


def _unread() -> InvalidInput:
    remedy = "give postgresql://user:password@host:port/database, with % in a password as %25"
    return InvalidInput("The address cannot be read", field="SOURCE", remedy=remedy)


def _marked(sql: str, given: Sequence[Any]) -> str:
    return sql.replace("?*", ", ".join("?" * len(given)))


def _percent(sql: str, given: Sequence[Any]) -> Any:
    return _marked(sql, given).replace("%", "%%").replace("?", "%s")
