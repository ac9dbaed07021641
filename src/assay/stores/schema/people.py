"""What people add for one another: comments on runs, and saved views."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, UniqueConstraint

from assay.stores.schema.base import TEXT, metadata

comment = Table(
    "comment",
    metadata,
    Column("uid", TEXT, primary_key=True),  # c- and 32 hex digits
    Column("workspace_id", BigInteger, nullable=False),
    Column("run_id", BigInteger, nullable=False),
    Column("key", TEXT),  # the metric that it is about, if it is about one
    Column("step", BigInteger),
    Column("text", TEXT, nullable=False),
    Column("author_id", BigInteger, nullable=False),  # 0: no user
    Column("author", TEXT, nullable=False),  # the name then
    Column("created_us", BigInteger, nullable=False),
    Column("edited_us", BigInteger),
    Column("edited_by", TEXT),
    Column("origin_author", TEXT),  # of an imported one: who is said to have written it, and when
    Column("origin_us", BigInteger),
    Index("comment_by_run", "run_id", "created_us"),
    Index("comment_by_time", "workspace_id", "created_us"),
)

saved_view = Table(
    "saved_view",
    metadata,
    Column("uid", TEXT, primary_key=True),  # v- and 32 hex digits
    Column("workspace_id", BigInteger, nullable=False),
    Column("kind", TEXT, nullable=False),  # of which page
    Column("experiment_id", BigInteger, nullable=False),  # -1: it belongs to the workspace
    Column("name", TEXT, nullable=False),
    Column("document", TEXT, nullable=False),  # JSON
    Column("revision", BigInteger, nullable=False),
    Column("author_id", BigInteger, nullable=False),
    Column("author", TEXT, nullable=False),
    Column("changed_by", TEXT, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    UniqueConstraint("workspace_id", "kind", "experiment_id", "name"),
)
