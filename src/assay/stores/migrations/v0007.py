"""0007: users, groups, grants, tokens, sessions and quotas."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

REVISION = "0007"
OLDEST_SERVER = "0001"  # which asks nobody who he is: replicas are upgraded before the first user is made

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def _text(name: str, *, key: bool = False, null: bool = False, unique: bool | None = None) -> sa.Column[Any]:
    return sa.Column(name, _TEXT, primary_key=key, nullable=null, unique=unique)


def _big(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), primary_key=key, autoincrement=False, nullable=null)


def upgrade(connection: sa.Connection, now_us: int) -> None:
    """Nine tables, and two counters."""
    new = sa.MetaData()
    sa.Table(
        "user_account",
        new,
        _big("id", key=True),
        _text("name", unique=True),
        _text("shown_name"),
        _text("email"),
        _text("kind"),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        _text("password", null=True),
        _big("created_us"),
        _big("disabled_us", null=True),
        sa.Column("failed_logins", sa.Integer(), nullable=False),
        _big("locked_until_us", null=True),
    )
    sa.Table("user_group", new, _big("id", key=True), _text("name", unique=True))
    sa.Table(
        "group_member",
        new,
        _big("group_id", key=True),
        _big("user_id", key=True),
        _text("origin"),
        sa.Index("group_member_by_user", "user_id"),
    )
    sa.Table(
        "role_grant",
        new,
        _big("workspace_id", key=True),
        _big("experiment_id", key=True),
        _text("subject_kind", key=True),
        _big("subject_id", key=True),
        _text("role"),
        sa.Index("role_grant_by_subject", "subject_kind", "subject_id"),
    )
    sa.Table(
        "access_token",
        new,
        _big("id", key=True),
        _big("user_id"),
        _text("name"),
        _text("digest", unique=True),
        _text("cap"),
        _big("workspace_id", null=True),
        _big("created_us"),
        _big("expires_us", null=True),
        _big("last_used_us", null=True),
        _big("revoked_us", null=True),
        sa.Index("access_token_by_user", "user_id"),
    )
    sa.Table(
        "login_session",
        new,
        _text("digest", key=True),
        _big("user_id"),
        _text("how"),
        _big("created_us"),
        _big("seen_us"),
        _big("expires_us"),
        sa.Index("login_session_by_user", "user_id"),
        sa.Index("login_session_by_end", "expires_us"),
    )
    sa.Table(
        "login_link",
        new,
        _text("digest", key=True),
        _big("user_id", null=True),
        _text("purpose"),
        _big("expires_us"),
        _big("used_us", null=True),
    )
    sa.Table(
        "oidc_identity",
        new,
        _text("issuer", key=True),
        _text("subject", key=True),
        _big("user_id"),
        sa.UniqueConstraint("user_id", "issuer"),
    )
    sa.Table(
        "workspace_quota",
        new,
        _big("workspace_id", key=True),
        *(_big(name, null=True) for name in ("runs", "points", "bytes", "keys")),
    )
    new.create_all(connection, checkfirst=False)
    connection.exec_driver_sql("INSERT INTO counter (name, value) VALUES ('identity', 0), ('workspace', 1)")
