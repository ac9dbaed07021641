"""The schema of a store: created when empty, checked when not."""

from __future__ import annotations

from sqlalchemy import Engine, insert, inspect, select

from assay.core.scope import DEFAULT_WORKSPACE_ID
from assay.stores import schema
from assay.wire.errors import InvalidState

REVISION = "0001"


def prepare(engine: Engine) -> None:
    """The store has this server's schema, the default workspace and MLflow's experiment 0.

    Raises:
        InvalidState: The store was written by a server that this one is too old for.
    """
    with engine.begin() as connection:
        if inspect(connection).has_table("schema_row"):
            row = connection.execute(select(schema.schema_row)).one()
            if row.oldest_server > REVISION:
                raise InvalidState(
                    f"The store has schema {row.revision}; this server knows {REVISION}",
                    remedy="upgrade this server, or restore a backup made before the upgrade",
                )
            return
        schema.metadata.create_all(connection)
        now = 0
        connection.execute(insert(schema.schema_row).values(id=1, revision=REVISION, oldest_server=REVISION))
        connection.execute(insert(schema.workspace).values(id=DEFAULT_WORKSPACE_ID, name="default", created_us=now))
        connection.execute(insert(schema.counter).values(name="experiment", value=0))
        connection.exec_driver_sql(
            "INSERT INTO experiment (id, workspace_id, name, lifecycle, created_us, updated_us) "
            "VALUES (0, 1, 'Default', 'active', "
            "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER), "
            "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))"
        )
