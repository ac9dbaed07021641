"""Experiments, runs and models, with what they are known by and what they came from."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Index, Integer, Table, UniqueConstraint

from assay.stores.schema.base import TEXT, metadata

experiment = Table(
    "experiment",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # from `counter`, global across workspaces
    Column("workspace_id", BigInteger, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("lifecycle", TEXT, nullable=False),  # active | archived | deleted
    Column("artifact_location", TEXT),  # a foreign place, returned verbatim; NULL: our own store
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("deleted_us", BigInteger),
    UniqueConstraint("workspace_id", "name"),
)

experiment_tag = Table(
    "experiment_tag",
    metadata,
    Column("experiment_id", BigInteger, ForeignKey("experiment.id", ondelete="CASCADE"), primary_key=True),
    Column("key", TEXT, primary_key=True),
    Column("value", TEXT, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("workspace_id", BigInteger, nullable=False),
    Column("uid", TEXT, nullable=False, unique=True),  # 32 hex digits, what every client sees
    Column("experiment_id", BigInteger, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),  # core.runs.Status
    Column("lifecycle", TEXT, nullable=False),  # active | deleted
    Column("parent_uid", TEXT),
    Column("user_name", TEXT, nullable=False),
    Column("start_us", BigInteger),
    Column("end_us", BigInteger),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("deleted_us", BigInteger),
    Column("epoch", Integer, nullable=False, server_default="0"),  # of its writers; raised by a rewind
    Column("stop_us", BigInteger),  # when somebody asked it to stop
    Index("run_by_start", "experiment_id", "start_us", "uid"),
    Index("run_by_parent", "parent_uid"),
    Index("run_by_update", "workspace_id", "updated_us"),
)

logged_model = Table(
    "logged_model",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("workspace_id", BigInteger, nullable=False),
    Column("uid", TEXT, nullable=False, unique=True),  # m- and 32 hex digits
    Column("experiment_id", BigInteger, nullable=False),
    Column("run_uid", TEXT),  # the run that made it
    Column("name", TEXT, nullable=False),
    Column("model_type", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),  # pending | ready | failed
    Column("status_message", TEXT),
    Column("lifecycle", TEXT, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("deleted_us", BigInteger),
    Index("logged_model_by_experiment", "experiment_id", "created_us"),
    Index("logged_model_by_run", "run_uid"),
)

run_config = Table(
    "run_config",
    metadata,
    Column("run_id", BigInteger, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
    Column("document", TEXT, nullable=False),  # JSON as sent; `param` is its index
)

param = Table(
    "param",
    metadata,
    Column("owner_id", BigInteger, primary_key=True, autoincrement=False),
    Column("key_id", BigInteger, primary_key=True, autoincrement=False),
    Column("value", TEXT, nullable=False),  # what a client of strings sees
    Column("value_key", TEXT, nullable=False),  # its first 200 characters: what the index holds
    Column("number", Double),
    Column("origin", TEXT, nullable=False),  # set | defaulted
    Index("param_by_value", "key_id", "value_key", "owner_id"),
    Index("param_by_number", "key_id", "number", "owner_id"),
)

tag = Table(
    "tag",
    metadata,
    Column("owner_id", BigInteger, primary_key=True, autoincrement=False),
    Column("key_id", BigInteger, primary_key=True, autoincrement=False),
    Column("value", TEXT, nullable=False),
    Column("value_key", TEXT, nullable=False),
    Index("tag_by_value", "key_id", "value_key", "owner_id"),
)

run_group = Table(
    "run_group",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("workspace_id", BigInteger, nullable=False),
    Column("experiment_id", BigInteger, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    UniqueConstraint("workspace_id", "experiment_id", "name"),
)

run_group_member = Table(
    "run_group_member",
    metadata,
    Column("group_id", BigInteger, primary_key=True, autoincrement=False),
    Column("run_id", BigInteger, primary_key=True, autoincrement=False),
    Column("joined_us", BigInteger, nullable=False),
    Index("run_group_member_by_run", "run_id"),
)

# What a foreign client named, by the name folded as its dialect compares.
external_name = Table(
    "external_name",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", TEXT, primary_key=True),
    Column("dialect", TEXT, primary_key=True),
    Column("container", TEXT, primary_key=True),
    Column("folded", TEXT, primary_key=True),
    Column("name", TEXT, nullable=False),
    Column("id", BigInteger, nullable=False),
    Index("external_name_by_id", "id"),
)

dataset = Table(
    "dataset",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("workspace_id", BigInteger, nullable=False),
    Column("experiment_id", BigInteger, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("digest", TEXT, nullable=False),
    Column("source_type", TEXT, nullable=False),
    Column("source", TEXT, nullable=False),
    Column("schema", TEXT),
    Column("profile", TEXT),
    Column("created_us", BigInteger, nullable=False),
    UniqueConstraint("experiment_id", "name", "digest"),
)

# Lineage: subject (a run, a model) uses, makes, derives or serves the object.
edge = Table(
    "edge",
    metadata,
    Column("subject_id", BigInteger, primary_key=True, autoincrement=False),
    Column("verb", TEXT, primary_key=True),
    Column("object_id", BigInteger, primary_key=True, autoincrement=False),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("detail", TEXT, nullable=False),  # JSON: the tags of an input
    Column("created_us", BigInteger, nullable=False),
    Index("edge_by_object", "object_id", "verb"),
)

# Rows of a foreign registry, kept until a registry of ours takes them up.
import_row = Table(
    "import_row",
    metadata,
    Column("workspace_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", TEXT, primary_key=True),
    Column("source", TEXT, primary_key=True),
    Column("name", TEXT, primary_key=True),
    Column("document", TEXT, nullable=False),  # JSON
    Column("created_us", BigInteger, nullable=False),
)
