"""0009: in SQLite, what a plot reads of a chunk stands before its payload.

SQLite keeps a row in one piece: what stands behind 20 kB of payload is only found by walking the pages that hold them.
PostgreSQL keeps large values apart and is left as it is.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

REVISION = "0009"
OLDEST_SERVER = "0001"  # which asks for columns by name, wherever they stand

_INT = sa.BigInteger()


def _column(name: str, kind: Any, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=key, autoincrement=False, nullable=null)


def upgrade(connection: sa.Connection, now_us: int) -> None:
    """One table built anew, in its order."""
    if connection.dialect.name != "sqlite":
        return
    columns = [
        *(_column(name, _INT, key=True) for name in ("owner_id", "key_id", "context_id", "first_step", "first_us")),
        *(_column(name, _INT) for name in ("last_step", "last_us")),
        _column("count", sa.Integer()),
        *(_column(f"{name}_value", sa.Double(), null=True) for name in ("first", "last", "min", "max", "sum")),
        _column("nan_count", sa.Integer()),
        _column("inf_count", sa.Integer(), null=True),
        _column("cell_shift", sa.Integer(), null=True),
        _column("cells", sa.LargeBinary(), null=True),
        _column("payload", sa.LargeBinary()),
    ]
    connection.exec_driver_sql("ALTER TABLE metric_chunk RENAME TO metric_chunk_before")
    new = sa.Table("metric_chunk", sa.MetaData(), *columns)
    new.create(connection, checkfirst=False)
    names = ", ".join(column.name for column in columns)
    connection.exec_driver_sql(
        f"INSERT INTO metric_chunk ({names}) SELECT {names} FROM metric_chunk_before ORDER BY rowid"  # noqa: S608 -- ours
    )
    connection.exec_driver_sql("DROP TABLE metric_chunk_before")
