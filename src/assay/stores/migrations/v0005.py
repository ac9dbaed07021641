"""0005: chunks have cells, which answer a rough plot."""

from __future__ import annotations

import sqlalchemy as sa

REVISION = "0005"
OLDEST_SERVER = "0001"  # which writes chunks without cells; they are opened instead


def upgrade(connection: sa.Connection, now_us: int) -> None:
    """Two columns that are empty."""
    bytes_ = "BYTEA" if connection.dialect.name == "postgresql" else "BLOB"
    connection.exec_driver_sql("ALTER TABLE metric_chunk ADD COLUMN cell_shift INTEGER")
    connection.exec_driver_sql(f"ALTER TABLE metric_chunk ADD COLUMN cells {bytes_}")
