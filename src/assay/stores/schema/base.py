"""What all tables share, and those of the store itself."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text
from sqlalchemy.dialects import postgresql

metadata = MetaData()

TEXT = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")

SERIAL = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only for INTEGER

schema_row = Table(
    "schema_row",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", TEXT, nullable=False),
    Column("oldest_server", TEXT, nullable=False),  # a server older than this must not open the store
)

workspace = Table(
    "workspace",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", TEXT, nullable=False, unique=True),
    Column("created_us", BigInteger, nullable=False),
)

counter = Table(
    "counter",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("value", BigInteger, nullable=False),  # the last number ever given
)

job = Table(
    "job",
    metadata,
    Column("kind", TEXT, primary_key=True),
    Column("key", TEXT, primary_key=True),
    Column("due_us", BigInteger, nullable=False),
    Column("lease_until_us", BigInteger, nullable=False),
    Column("holder", TEXT, nullable=False),
    Column("attempt", Integer, nullable=False),
    Index("job_by_due", "kind", "due_us"),
)
