"""How the two engines differ: connecting, beginning, time, and a handful of statements.

Everything else in this package is written once, for both.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool, StaticPool

from assay.wire.errors import AssayError, InvalidInput, Unavailable

CHECKPOINT_PAGES = 4_000  # 16 MiB of write-ahead log between checkpoints


class Dialect(Protocol):
    """What a store needs to know of its engine."""

    name: str
    engine: Engine
    single_writer: bool  # one writing connection a process, so generic writes join the group

    def begin_read(self, connection: Connection) -> None: ...

    def begin_write(self, connection: Connection) -> None: ...

    def now_us(self, connection: Connection) -> int: ...

    def insert(self, table: Any) -> Any:
        """An INSERT that knows ON CONFLICT."""
        ...

    def retryable(self, error: BaseException) -> bool: ...


class Sqlite:
    """SQLite in WAL mode with full synchronisation: a commit that returned is on disk."""

    name = "sqlite"
    single_writer = True

    def __init__(self, path: str) -> None:
        self.path = path
        memory = path == ":memory:"

        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
            connection.execute("PRAGMA busy_timeout = 20000")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA case_sensitive_like = ON")
            if not memory:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
                connection.execute("PRAGMA cache_size = -65536")
                connection.execute("PRAGMA mmap_size = 268435456")
            connection.create_function("regexp", 2, _regexp, deterministic=True)
            connection.create_function("ilike", 3, _ilike, deterministic=True)
            return connection

        pool: Any = {"poolclass": StaticPool} if memory else {"pool_size": 16, "max_overflow": 48}
        self.engine = create_engine("sqlite://", creator=connect, **pool)
        event.listen(self.engine, "begin", lambda connection: None)
