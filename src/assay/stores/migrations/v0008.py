"""0008: comments on runs, and saved views."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

REVISION = "0008"
OLDEST_SERVER = "0001"  # which knows neither; of a run that it purges, doctor finds the comments

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_INT = sa.BigInteger()


def _column(name: str, kind: Any, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=key, autoincrement=False, nullable=null)


def upgrade(connection: sa.Connection, now_us: int) -> None:
    """Two tables."""
    new = sa.MetaData()
    sa.Table(
        "comment",
        new,
        _column("uid", _TEXT, key=True),
        _column("workspace_id", _INT),
        _column("run_id", _INT),
        _column("key", _TEXT, null=True),
        _column("step", _INT, null=True),
        _column("text", _TEXT),
        _column("author_id", _INT),
        _column("author", _TEXT),
        _column("created_us", _INT),
        _column("edited_us", _INT, null=True),
        _column("edited_by", _TEXT, null=True),
        _column("origin_author", _TEXT, null=True),
        _column("origin_us", _INT, null=True),
        sa.Index("comment_by_run", "run_id", "created_us"),
        sa.Index("comment_by_time", "workspace_id", "created_us"),
    )
    sa.Table(
        "saved_view",
        new,
        _column("uid", _TEXT, key=True),
        _column("workspace_id", _INT),
        _column("kind", _TEXT),
        _column("experiment_id", _INT),
        _column("name", _TEXT),
        _column("document", _TEXT),
        _column("revision", _INT),
        _column("author_id", _INT),
        _column("author", _TEXT),
        _column("changed_by", _TEXT),
        _column("created_us", _INT),
        _column("updated_us", _INT),
        sa.UniqueConstraint("workspace_id", "kind", "experiment_id", "name"),
    )
    new.create_all(connection, checkfirst=False)
