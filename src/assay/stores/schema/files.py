"""File trees, and the objects that hold their bytes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, SmallInteger, Table, UniqueConstraint

from assay.stores.schema.base import TEXT, metadata

file_tree = Table(
    "file_tree",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("workspace_id", BigInteger, nullable=False),
    Column("owner_id", BigInteger, nullable=False),  # a run, a model, or the workspace itself for loose files
    Column("name", TEXT, nullable=False),
    Column("frozen_us", BigInteger),
    Column("manifest_blob_id", TEXT),
    UniqueConstraint("owner_id", "name"),
)

tree_entry = Table(
    "tree_entry",
    metadata,
    Column("tree_id", BigInteger, primary_key=True, autoincrement=False),
    Column("path", TEXT, primary_key=True),
    Column("blob_id", TEXT, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("modified_us", BigInteger, nullable=False),
    Index("tree_entry_by_blob", "blob_id"),
)

blob = Table(
    "blob",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("workspace_id", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("blake3", TEXT),  # NULL until the server has computed it itself
    Column("sha256", TEXT),
    Column("md5", TEXT),
    Column("state", SmallInteger, nullable=False),  # stores.blobs.BlobState
    Column("since_us", BigInteger, nullable=False),
    Index("blob_by_digest", "workspace_id", "blake3"),
    Index("blob_by_state", "state", "since_us"),
)

# A transfer that may take long: its lease ends, then a sweep aborts it.
upload = Table(
    "upload",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("workspace_id", BigInteger, nullable=False),
    Column("owner_id", BigInteger, nullable=False),
    Column("path", TEXT, nullable=False),
    Column("blob_id", TEXT, nullable=False),
    Column("backend_id", TEXT, nullable=False),  # the object store's own name of the multipart upload
    Column("lease_until_us", BigInteger, nullable=False),
    Index("upload_by_lease", "lease_until_us"),
)
