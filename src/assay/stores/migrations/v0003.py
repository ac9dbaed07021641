"""0003: runs know the epoch of their writers, so that one who comes after a rewind begins in the right one."""

from __future__ import annotations

from sqlalchemy import Connection

REVISION = "0003"
OLDEST_SERVER = "0001"  # which raises only the epochs of writers that it knows


def upgrade(connection: Connection, now_us: int) -> None:
    """The column, with the epoch that a run's writers have reached."""
    connection.exec_driver_sql("ALTER TABLE run ADD COLUMN epoch INTEGER DEFAULT 0 NOT NULL")
    reached = "SELECT max(writer.epoch) FROM writer WHERE writer.run_id = run.id"
    connection.exec_driver_sql(
        f"UPDATE run SET epoch = ({reached}) WHERE id IN (SELECT run_id FROM writer WHERE epoch > 0)"  # noqa: S608
    )
