"""What differs between the engines, and nothing else: all other SQL is written once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Table, Text, cast, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.types import TypeEngine

from assay.wire.errors import AssayError, InvalidInput, Unavailable

RETRY_S = 5


@dataclass(frozen=True, slots=True)
class Delta:
    """One engine's words for what SQL has no common word for."""

    name: str
    insert: Callable[[Table], Any]  # an INSERT that knows ON CONFLICT
    later: Callable[..., ColumnElement[Any]]  # the greatest of its arguments
    json_text: Callable[[ColumnElement[Any], str], ColumnElement[Any]]  # the text under a key of a JSON object
    like: Callable[[ColumnElement[Any], str, bool], ColumnElement[bool]]  # column, pattern, case-sensitive
    now_us: str
    schema_lock: str  # held until the transaction ends by who changes the schema; "" where beginning it is enough
    row_lock: str  # ends a SELECT whose rows nobody else may change until the transaction ends
    placeholder: str
    insert_rows: Callable[[Table, Sequence[tuple[Any, ...]]], tuple[str, Sequence[Any]]]  # a statement and its values
    rows_at_once: int
    among: str  # after a column: it is one of the numbers of a list, which is one value of the statement
    listed: Callable[[Sequence[int]], str]  # the numbers as such a list
    reading: Mapping[str, Any]  # how the driver is asked for many rows
    joins_writes: bool  # whether one statement may write to several tables
    writes_elsewhere: bool  # whether another process does the work, while this one can do something else
    begin: str  # begins the writer's transactions, where its statements commit by themselves; "" where the driver does
    refusal: Callable[[BaseException], AssayError | None]  # the answer to a failure that may pass, or None
    is_interrupted: Callable[[BaseException], bool]  # whether a statement was ended because it took too long

    def sql(self, text: str) -> str:
        """A statement written with `?` in the driver's own form."""
        return text if self.placeholder == "?" else text.replace("?", self.placeholder)


def _names(table: Table) -> str:
    return ", ".join(column.name for column in table.c)  # said always: a newer server's table may have more


def _sqlite_rows(table: Table, rows: Sequence[tuple[Any, ...]]) -> tuple[str, Sequence[Any]]:
    return _insert_values(table, len(rows)), list(chain.from_iterable(rows))


@cache
def _insert_values(table: Table, count: int) -> str:
    marks = f"({', '.join('?' * len(table.c))})"
    return f"INSERT INTO {table.name} ({_names(table)}) VALUES {', '.join([marks] * count)}"  # noqa: S608 -- our own names


def _postgres_rows(table: Table, rows: Sequence[tuple[Any, ...]]) -> tuple[str, Sequence[Any]]:
    """A column is one array, so that one statement serves any number of rows."""
    statement, arrays = insert_arrays(table)
    return statement, [array(column) for array, column in zip(arrays, zip(*rows, strict=True), strict=True)]


@cache
def insert_arrays(table: Table) -> tuple[str, Sequence[Callable[[Sequence[Any]], str]]]:
    """On PostgreSQL: the statement that takes an array for each column, and how each array is written."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    kinds = [column.type.compile(dialect).partition(" COLLATE")[0] for column in table.c]
    marks = ", ".join(f"%s::{kind}[]" for kind in kinds)
    statement = f"INSERT INTO {table.name} ({_names(table)}) SELECT * FROM unnest({marks})"  # noqa: S608 -- as above
    return statement, [_array_of(column.type) for column in table.c]


def _array_of(kind: TypeEngine[Any]) -> Callable[[Sequence[Any]], str]:
    """How an array of this kind is written as PostgreSQL reads it."""
    if isinstance(kind, Text):
        return _texts
    return _bytes if isinstance(kind, LargeBinary) else array


def array(numbers: Sequence[Any]) -> str:
    """An array of numbers, or truths, at a fifth of what the driver takes."""
    return f"{{{','.join(['NULL' if number is None else repr(number) for number in numbers])}}}"


def columns_of(rows: Sequence[Sequence[Any]]) -> list[str]:
    """The columns of rows of numbers, an array each."""
    return [array(column) for column in zip(*rows, strict=True)]


def _texts(texts: Sequence[str | None]) -> str:
    quoted = ["NULL" if t is None else '"' + t.replace("\\", "\\\\").replace('"', '\\"') + '"' for t in texts]
    return f"{{{','.join(quoted)}}}"


def _bytes(contents: Sequence[bytes | None]) -> str:
    digits = ["NULL" if content is None else f'"\\\\x{content.hex()}"' for content in contents]
    return f"{{{','.join(digits)}}}"


class TookTooLong(Exception):
    """A search was ended after so many seconds."""

    def __init__(self, most_s: float) -> None:
        super().__init__(f"it took longer than {most_s:g} s")
        self.most_s = most_s


def _too_long(error: BaseException) -> AssayError | None:
    """The answer to a search that was ended. It does not pass: clients would repeat it, each time for as long."""
    if not isinstance(error, TookTooLong):
        return None
    return InvalidInput(
        f"The search took longer than {error.most_s:g} s and was ended",
        field="filter",
        bound=error.most_s,
        remedy="search fewer experiments, filter by what fewer runs have, or try again when the server is idle",
    )


def _no_text(cause: BaseException | None) -> AssayError | None:
    """The answer to a text that no engine can hold."""
    if isinstance(cause, UnicodeEncodeError):
        return InvalidInput("A text is not valid Unicode", remedy="send valid UTF-8")
    return None


def _no_connection(error: BaseException) -> AssayError | None:
    """The answer to a pool that had no connection to give in time."""
    if not isinstance(error, NoConnection):
        return None
    return Unavailable(
        "All connections of this server to its store are in use; nothing of this request was kept",
        remedy="try again in a moment, or send fewer requests at once",
        retry_after_s=RETRY_S,
    )


def _sqlite_refusal(error: BaseException) -> AssayError | None:
    cause = error.orig if isinstance(error, DBAPIError) else error
    if (answer := _no_text(cause) or _no_connection(error) or _too_long(error)) is not None:
        return answer
    if not isinstance(cause, sqlite3.OperationalError):
        return None
    text = str(cause)
    if "full" in text or "No space" in text:
        return Unavailable(
            "The disk that holds the store is full; nothing of this request was kept",
            remedy="free space on the disk of the home; the server goes on by itself",
            retry_after_s=RETRY_S,
        )
    if any(sign in text for sign in ("readonly", "read-only", "unable to open", "disk I/O error", "locked")):
        return Unavailable(
            f"The store cannot be written: {text}; nothing of this request was kept",
            remedy="check the home's permissions, mount and disk; the server goes on by itself",
            retry_after_s=RETRY_S,
        )
    return None


def _postgres_refusal(error: BaseException) -> AssayError | None:
    import psycopg  # noqa: PLC0415 -- a server on SQLite starts faster without

    cause = error.orig if isinstance(error, DBAPIError) else error
    if (answer := _no_text(cause) or _no_connection(error) or _too_long(error)) is not None:
        return answer
    if isinstance(cause, psycopg.DataError) and "NUL" in str(cause):
        return InvalidInput("A text contains a NUL character", field="body", remedy="remove it")
    if isinstance(cause, (psycopg.errors.DiskFull, psycopg.errors.OutOfMemory, psycopg.errors.ReadOnlySqlTransaction)):
        return Unavailable(
            f"PostgreSQL cannot write: {str(cause).strip()}; nothing of this request was kept",
            remedy="free space or end its read-only state; the server goes on by itself",
            retry_after_s=RETRY_S,
        )
    if isinstance(cause, psycopg.OperationalError) and not isinstance(cause, psycopg.errors.TransactionRollback):
        return Unavailable(
            "PostgreSQL does not answer",
            remedy="check that it runs and accepts this server; the server goes on by itself",
            retry_after_s=RETRY_S,
        )
    return None


def _sqlite_interrupted(error: BaseException) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(cause, sqlite3.OperationalError) and str(cause) == "interrupted"


def _postgres_interrupted(error: BaseException) -> bool:
    import psycopg  # noqa: PLC0415 -- see above

    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(cause, psycopg.errors.QueryCanceled)


def _sqlite_like(column: ColumnElement[Any], pattern: str, case_sensitive: bool) -> ColumnElement[bool]:
    return column.like(pattern) if case_sensitive else func.lower(column).like(_ascii_lower(pattern))


def _postgres_like(column: ColumnElement[Any], pattern: str, case_sensitive: bool) -> ColumnElement[bool]:
    # SQLite's LIKE has no escape character unless told; collation C folds the case of ASCII only, as SQLite does.
    return (
        column.like(pattern, escape="") if case_sensitive else func.lower(column).like(_ascii_lower(pattern), escape="")
    )


def _ascii_lower(text: str) -> str:
    return "".join(sign.lower() if sign.isascii() else sign for sign in text)


SQLITE = Delta(
    name="sqlite",
    insert=sqlite.insert,
    later=func.max,
    json_text=lambda column, key: func.json_extract(column, f'$."{key}"'),
    like=_sqlite_like,
    now_us="SELECT CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER) * 1000",
    schema_lock="",
    row_lock="",  # there is one writer
    placeholder="?",
    insert_rows=_sqlite_rows,
    rows_at_once=64,  # more gain nothing, and each number of rows is a statement that the driver keeps
    among="IN (SELECT value FROM json_each(?))",
    listed=lambda numbers: f"[{','.join(map(str, numbers))}]",
    reading={},
    joins_writes=False,
    writes_elsewhere=False,
    begin="",
    refusal=_sqlite_refusal,
    is_interrupted=_sqlite_interrupted,
)

POSTGRES = Delta(
    name="postgresql",
    insert=postgresql.insert,
    later=func.greatest,
    json_text=lambda column, key: cast(column, postgresql.JSON)[key].as_string().cast(Text),
    like=_postgres_like,
    now_us="SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint * 1000",
    schema_lock="SELECT pg_advisory_xact_lock(4702111234474983745)",
    row_lock=" FOR NO KEY UPDATE",
    placeholder="%s",
    insert_rows=_postgres_rows,
    rows_at_once=10_000,
    among="= ANY(?::bigint[])",
    listed=lambda numbers: f"{{{','.join(map(str, numbers))}}}",
    reading={"binary": True},  # as text, numbers take more than twice as long, and bytes are hex digits
    joins_writes=True,
    writes_elsewhere=True,
    begin="BEGIN ISOLATION LEVEL READ COMMITTED",
    refusal=_postgres_refusal,
    is_interrupted=_postgres_interrupted,
)
