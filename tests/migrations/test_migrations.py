"""The schema by migrations: what the code believes, from an empty store and from every store that ever landed."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, update
from sqlalchemy.engine import make_url
from support.postgres import fresh_database

from assay.core.scope import Scope
from assay.core.tracking import View
from assay.stores import schema
from assay.stores.migrate import check
from assay.stores.migrations import HEAD
from assay.stores.postgres import PostgresStore
from assay.stores.sqlite import SqliteStore
from assay.wire.errors import InvalidState

AHEAD = "9999"


def random() -> int:
    return secrets.randbits(18)


def open_store(address: str) -> Any:
    if address.startswith("postgresql"):
        return PostgresStore(address, secrets.token_hex(4), random)
    return SqliteStore(address, secrets.token_hex(4), random)


def engine_of(address: str) -> Engine:
    if address.startswith("postgresql"):
        return create_engine(make_url(address).set(drivername="postgresql+psycopg"))
    return create_engine(f"sqlite:///{address}")


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "postgresql":
        yield fresh_database(request.getfixturevalue("database_server"))
    else:
        yield str(tmp_path / "assay.db")


def test_migrations_make_what_the_schema_says(address: str) -> None:
    open_store(address).close()
    engine = engine_of(address)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, schema.metadata) == []
        assert check(connection) == HEAD
    engine.dispose()


def test_a_difference_would_be_seen(address: str) -> None:
    open_store(address).close()
    engine = engine_of(address)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX run_by_parent")
        connection.exec_driver_sql("ALTER TABLE run ADD COLUMN stranger TEXT")
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), schema.metadata)
    engine.dispose()
    assert {item[0] for item in found} == {"add_index", "remove_column"}


def test_opening_again_changes_nothing(address: str) -> None:
    open_store(address).close()
    store = open_store(address)
    with store.read() as unit:
        page = unit.experiments.search(Scope(), View.ALL, None, (), 10, None)
    store.close()
    assert [(experiment.id, experiment.name) for experiment in page.items] == [(0, "Default")]


def test_servers_that_start_together_wait_for_each_other(request: pytest.FixtureRequest) -> None:
    address = fresh_database(request.getfixturevalue("database_server"))
    stores: list[Any] = []
    barrier = threading.Barrier(4)

    def start() -> None:
        barrier.wait()
        stores.append(open_store(address))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stores) == 4
    for store in stores:
        store.close()


def set_row(address: str, **values: str) -> None:
    engine = engine_of(address)
    with engine.begin() as connection:
        connection.execute(update(schema.schema_row).values(**values))
    engine.dispose()


def test_a_store_that_needs_a_newer_server_is_refused(address: str) -> None:
    open_store(address).close()
    set_row(address, revision=AHEAD, oldest_server=AHEAD)
    with pytest.raises(InvalidState, match=f"schema {AHEAD}; this server knows {HEAD}"):
        open_store(address)


def test_an_expanded_store_is_served_by_the_server_before(address: str) -> None:
    open_store(address).close()
    set_row(address, revision=AHEAD)
    store = open_store(address)
    assert store.write(lambda unit: unit.experiments.get(Scope(), 0)).name == "Default"
    store.close()


def test_a_running_server_stops_writing_once_it_is_too_old(request: pytest.FixtureRequest) -> None:
    address = fresh_database(request.getfixturevalue("database_server"))
    store = open_store(address)
    set_row(address, revision=AHEAD, oldest_server=AHEAD)
    store._watch_schema()
    with pytest.raises(InvalidState, match=f"this server knows {HEAD}"):
        store.write(lambda unit: unit.experiments.get(Scope(), 0))
    store.close()
