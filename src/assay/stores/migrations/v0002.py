"""0002: chunks count their infinities, so that their sums can be over what is finite."""

from __future__ import annotations

from sqlalchemy import Connection

REVISION = "0002"
OLDEST_SERVER = "0001"  # which leaves the new column empty


def upgrade(connection: Connection, now_us: int) -> None:
    """The column, empty in the chunks of 0001: these have no infinity unless their min or max is one."""
    connection.exec_driver_sql("ALTER TABLE metric_chunk ADD COLUMN inf_count INTEGER")
