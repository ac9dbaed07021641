"""0006: signed checkpoints of the audit chain, and the public keys that signed them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from assay.stores.audit_triggers import statements_for

REVISION = "0006"
OLDEST_SERVER = "0001"  # which writes records, and no checkpoints

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
KEYS = {
    "audit_checkpoint": "workspace_id = NEW.workspace_id AND seq = NEW.seq AND key_id = NEW.key_id",
    "audit_key": "id = NEW.id",
}


def _column(name: str, kind: Any, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=key, autoincrement=False, nullable=null)


def upgrade(connection: sa.Connection, now_us: int) -> None:
    """Two tables that are only added to."""
    new = sa.MetaData()
    sa.Table(
        "audit_checkpoint",
        new,
        _column("workspace_id", sa.BigInteger(), key=True),
        _column("seq", sa.BigInteger(), key=True),
        _column("key_id", _TEXT, key=True),
        _column("checkpoint", sa.LargeBinary()),
        _column("signature", sa.LargeBinary()),
    )
    sa.Table(
        "audit_key",
        new,
        _column("id", _TEXT, key=True),
        _column("public", sa.LargeBinary()),
        _column("since_us", sa.BigInteger()),
        _column("previous_id", _TEXT, null=True),
        _column("handover", sa.LargeBinary(), null=True),
    )
    new.create_all(connection, checkfirst=False)
    for table, key in KEYS.items():
        for statement in statements_for(connection.dialect.name, table, key):
            connection.exec_driver_sql(statement)
