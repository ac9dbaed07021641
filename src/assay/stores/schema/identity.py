"""Who may use the server, and where: users, groups, grants, tokens, sessions, quotas.

Secrets are never stored: of tokens, cookies and links only their SHA-256, of passwords argon2's text.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, UniqueConstraint

from assay.stores.schema.base import TEXT, metadata

user_account = Table(
    "user_account",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", TEXT, nullable=False, unique=True),  # folded
    Column("shown_name", TEXT, nullable=False),
    Column("email", TEXT, nullable=False),
    Column("kind", TEXT, nullable=False),  # person | service
    Column("is_admin", Boolean, nullable=False),
    Column("password", TEXT),
    Column("created_us", BigInteger, nullable=False),
    Column("disabled_us", BigInteger),
    Column("failed_logins", Integer, nullable=False),
    Column("locked_until_us", BigInteger),
)

user_group = Table(
    "user_group",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", TEXT, nullable=False, unique=True),
)

group_member = Table(
    "group_member",
    metadata,
    Column("group_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("origin", TEXT, nullable=False),  # manual | oidc
    Index("group_member_by_user", "user_id"),
)

role_grant = Table(
    "role_grant",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True, autoincrement=False),
    Column("experiment_id", BigInteger, primary_key=True, autoincrement=False),  # -1: the whole workspace
    Column("subject_kind", TEXT, primary_key=True),  # user | group
    Column("subject_id", BigInteger, primary_key=True, autoincrement=False),
    Column("role", TEXT, nullable=False),
    Index("role_grant_by_subject", "subject_kind", "subject_id"),
)

access_token = Table(
    "access_token",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("digest", TEXT, nullable=False, unique=True),
    Column("cap", TEXT, nullable=False),
    Column("workspace_id", BigInteger),  # NULL: all
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger),
    Column("last_used_us", BigInteger),
    Column("revoked_us", BigInteger),
    Index("access_token_by_user", "user_id"),
)

login_session = Table(
    "login_session",
    metadata,
    Column("digest", TEXT, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("how", TEXT, nullable=False),  # password | oidc | link
    Column("created_us", BigInteger, nullable=False),
    Column("seen_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Index("login_session_by_user", "user_id"),
    Index("login_session_by_end", "expires_us"),
)

login_link = Table(
    "login_link",
    metadata,
    Column("digest", TEXT, primary_key=True),
    Column("user_id", BigInteger),  # NULL: whoever becomes the first admin
    Column("purpose", TEXT, nullable=False),  # first-admin | set-password
    Column("expires_us", BigInteger, nullable=False),
    Column("used_us", BigInteger),
)

oidc_identity = Table(
    "oidc_identity",
    metadata,
    Column("issuer", TEXT, primary_key=True),
    Column("subject", TEXT, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    UniqueConstraint("user_id", "issuer"),
)

workspace_quota = Table(
    "workspace_quota",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True, autoincrement=False),
    Column("runs", BigInteger),  # NULL: unbounded, as the others
    Column("points", BigInteger),
    Column("bytes", BigInteger),
    Column("keys", BigInteger),
)
