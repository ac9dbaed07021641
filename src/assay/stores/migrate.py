"""The schema of a store: created when empty, checked when not."""

from __future__ import annotations

from sqlalchemy import Engine, insert, inspect, select

from assay.core.scope import DEFAULT_WORKSPACE_ID
from assay.core.tracking import Lifecycle
from assay.stores import schema
from assay.stores.delta import Delta
from assay.wire.errors import InvalidState

REVISION = "0001"


def prepare(engine: Engine, delta: Delta) -> None:
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
        now = int(connection.exec_driver_sql(delta.now_us).scalar_one())
        connection.execute(insert(schema.schema_row).values(id=1, revision=REVISION, oldest_server=REVISION))
        connection.execute(insert(schema.workspace).values(id=DEFAULT_WORKSPACE_ID, name="default", created_us=now))
        connection.execute(insert(schema.counter).values(name="experiment", value=0))
        connection.execute(
            insert(schema.experiment).values(
                id=0,
                workspace_id=DEFAULT_WORKSPACE_ID,
                name="Default",
                lifecycle=Lifecycle.ACTIVE.value,
                created_us=now,
                updated_us=now,
            )
        )
