"""Brings a store's schema to this server's revision, and refuses a store that is ahead of what this server knows."""

from __future__ import annotations

from importlib import import_module

from sqlalchemy import Connection, Engine, insert, inspect, select, update

from assay.stores import schema
from assay.stores.delta import Delta
from assay.stores.migrations import HEAD, REVISIONS
from assay.wire.errors import InvalidState


def prepare(engine: Engine, delta: Delta) -> None:
    """The store has this server's schema, the default workspace and MLflow's experiment 0.

    Servers that start together on one database wait for each other: one migrates, the others find it done.

    Raises:
        InvalidState: A newer server wrote the store, and this one is too old for it.
    """
    try:
        _prepare(engine, delta)
    except BaseException:
        engine.dispose()  # nobody gets a store that could do it later
        raise


def _prepare(engine: Engine, delta: Delta) -> None:
    with engine.connect() as connection:
        found = check(connection)
    if found is None or found < HEAD:
        with engine.connect().execution_options(assay_write=True) as connection, connection.begin():
            if delta.schema_lock:
                connection.exec_driver_sql(delta.schema_lock)
            _upgrade(connection, delta, check(connection))


def check(connection: Connection) -> str | None:
    """The store's revision; None for an empty store. Raises InvalidState if this server is too old for it."""
    if not inspect(connection).has_table("schema_row"):
        return None
    row = connection.execute(select(schema.schema_row)).one()
    if row.oldest_server > HEAD:
        raise InvalidState(
            f"The store has schema {row.revision}; this server knows {HEAD}",
            remedy="upgrade this server, or restore a backup made before the upgrade",
        )
    revision: str = row.revision
    return revision


def build(connection: Connection, delta: Delta) -> None:
    """The database, which was empty, has this server's schema, in the caller's transaction."""
    _upgrade(connection, delta, None)


def _upgrade(connection: Connection, delta: Delta, found: str | None) -> None:
    row = schema.schema_row
    for name in REVISIONS:
        if found is not None and name <= found:
            continue
        revision = import_module(f"assay.stores.migrations.v{name}")
        revision.upgrade(connection, int(connection.exec_driver_sql(delta.now_us).scalar_one()))
        values = {"revision": name, "oldest_server": revision.OLDEST_SERVER}
        if connection.execute(update(row).values(**values)).rowcount == 0:
            connection.execute(insert(row).values(id=1, **values))
