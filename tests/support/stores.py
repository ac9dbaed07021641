"""A store of each engine, for the tests that must hold on all of them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assay.stores.postgres import PostgresStore
from assay.stores.projection.projections import Sizes
from assay.stores.sqlite import SqliteStore
from support.postgres import fresh_database

ENGINES = ["sqlite-memory", "sqlite", "postgresql"]


def random() -> int:
    """The low bits of an id."""
    return secrets.randbits(18)


@contextmanager
def open_store(engine: str, folder: Path, server: Callable[[], Any], sizes: Sizes | None = None) -> Iterator[Any]:
    """An empty store; `server` gives the PostgreSQL server, and is asked for it only by that engine."""
    store: Any
    if engine == "postgresql":
        store = PostgresStore(fresh_database(server()), "test", random, sizes)
    else:
        store = SqliteStore(":memory:" if engine == "sqlite-memory" else folder / "assay.db", "test", random, sizes)
    try:
        yield store
    finally:
        store.close()
