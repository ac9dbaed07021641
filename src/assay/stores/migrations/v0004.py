"""0004: console lines, rows of foreign registries, when a run was asked to stop, and runs by their last change."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

REVISION = "0004"
OLDEST_SERVER = "0001"  # which knows of neither, and does not erase the console of what it purges

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def _column(name: str, kind: Any, *, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=key, autoincrement=False, nullable=False)


def upgrade(connection: sa.Connection, now_us: int) -> None:
    """Two tables, a column that is empty, and an index."""
    new = sa.MetaData()
    sa.Table(
        "console",
        new,
        _column("owner_id", sa.BigInteger(), key=True),
        _column("line", sa.BigInteger(), key=True),
        _column("writer", _TEXT),
        _column("epoch", sa.Integer()),
        _column("seq", sa.BigInteger()),
        _column("count", sa.Integer()),
        _column("first_us", sa.BigInteger()),
        _column("last_us", sa.BigInteger()),
        _column("payload", sa.LargeBinary()),
    )
    sa.Table(
        "import_row",
        new,
        _column("workspace_id", sa.BigInteger(), key=True),
        _column("kind", _TEXT, key=True),
        _column("source", _TEXT, key=True),
        _column("name", _TEXT, key=True),
        _column("document", _TEXT),
        _column("created_us", sa.BigInteger()),
    )
    new.create_all(connection, checkfirst=False)
    connection.exec_driver_sql("ALTER TABLE run ADD COLUMN stop_us BIGINT")
    connection.exec_driver_sql("CREATE INDEX run_by_update ON run (workspace_id, updated_us)")
