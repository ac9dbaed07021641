"""The chain of governed acts. Records are canonical bytes; what may be erased lies in audit_detail.

A checkpoint is signed canonical bytes, too; the keys that ever signed stay, public halves only.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, Table

from assay.stores.schema.base import TEXT, metadata

audit_head = Table(
    "audit_head",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)

audit_record = Table(
    "audit_record",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("record", LargeBinary, nullable=False),
)

audit_detail = Table(
    "audit_detail",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("salt", LargeBinary),  # NULL once erased, here and in the next
    Column("detail", TEXT),
)

audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("key_id", TEXT, primary_key=True),
    Column("checkpoint", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)

audit_key = Table(
    "audit_key",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("public", LargeBinary, nullable=False),
    Column("since_us", BigInteger, nullable=False),
    Column("previous_id", TEXT),  # the key that signed this one, in the next
    Column("handover", LargeBinary),
)
