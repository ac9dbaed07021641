"""0001: every table of the first release, as it was then. Never changed: what comes later has a revision of its own."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from assay.stores.audit_triggers import statements

REVISION = "0001"
OLDEST_SERVER = "0001"

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _column(name: str, kind: Any, key: bool, null: bool, unique: bool) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=key, autoincrement=False, nullable=null, unique=unique or None)


def text(name: str, *, key: bool = False, null: bool = False, unique: bool = False) -> sa.Column[Any]:
    return _column(name, _TEXT, key, null, unique)


def big(name: str, *, key: bool = False, null: bool = False, unique: bool = False) -> sa.Column[Any]:
    return _column(name, sa.BigInteger(), key, null, unique)


def integer(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    return _column(name, sa.Integer(), key, null, False)


def small(name: str, *, null: bool = False) -> sa.Column[Any]:
    return _column(name, sa.SmallInteger(), False, null, False)


def double(name: str, *, null: bool = False) -> sa.Column[Any]:
    return _column(name, sa.Double(), False, null, False)


def boolean(name: str) -> sa.Column[Any]:
    return _column(name, sa.Boolean(), False, False, False)


def binary(name: str, *, null: bool = False) -> sa.Column[Any]:
    return _column(name, sa.LargeBinary(), False, null, False)


def serial(name: str) -> sa.Column[Any]:
    return sa.Column(name, _SERIAL, primary_key=True)


def _tables(metadata: sa.MetaData) -> None:
    def table(name: str, *parts: Any, **options: Any) -> None:
        sa.Table(name, metadata, *parts, **options)

    def index(name: str, table_name: str, columns: list[str]) -> None:
        sa.Index(name, *(metadata.tables[table_name].c[column] for column in columns))

    table(
        "audit_detail",
        big("workspace_id", key=True),
        big("seq", key=True),
        binary("salt", null=True),
        text("detail", null=True),
    )
    table("audit_head", big("workspace_id", key=True), big("seq"), binary("digest"))
    table("audit_record", big("workspace_id", key=True), big("seq", key=True), binary("record"))
    table(
        "blob",
        text("id", key=True),
        big("workspace_id"),
        big("size"),
        text("blake3", null=True),
        text("sha256", null=True),
        text("md5", null=True),
        small("state"),
        big("since_us"),
    )
    index("blob_by_digest", "blob", ["workspace_id", "blake3"])
    index("blob_by_state", "blob", ["state", "since_us"])
    table(
        "context",
        serial("id"),
        big("workspace_id"),
        text("digest"),
        text("document"),
        sa.UniqueConstraint("workspace_id", "digest"),
        sqlite_autoincrement=True,
    )
    table("counter", text("name", key=True), big("value"))
    table(
        "dataset",
        big("id", key=True),
        big("workspace_id"),
        big("experiment_id"),
        text("name"),
        text("digest"),
        text("source_type"),
        text("source"),
        text("schema", null=True),
        text("profile", null=True),
        big("created_us"),
        sa.UniqueConstraint("experiment_id", "name", "digest"),
    )
    table(
        "edge",
        big("subject_id", key=True),
        text("verb", key=True),
        big("object_id", key=True),
        big("step", key=True),
        text("detail"),
        big("created_us"),
    )
    index("edge_by_object", "edge", ["object_id", "verb"])
    table(
        "experiment",
        big("id", key=True),
        big("workspace_id"),
        text("name"),
        text("lifecycle"),
        text("artifact_location", null=True),
        big("created_us"),
        big("updated_us"),
        big("deleted_us", null=True),
        sa.UniqueConstraint("workspace_id", "name"),
    )
    table(
        "external_name",
        big("workspace_id", key=True),
        text("kind", key=True),
        text("dialect", key=True),
        text("container", key=True),
        text("folded", key=True),
        text("name"),
        big("id"),
    )
    index("external_name_by_id", "external_name", ["id"])
    table(
        "file_tree",
        big("id", key=True),
        big("workspace_id"),
        big("owner_id"),
        text("name"),
        big("frozen_us", null=True),
        text("manifest_blob_id", null=True),
        sa.UniqueConstraint("owner_id", "name"),
    )
    table(
        "job",
        text("kind", key=True),
        text("key", key=True),
        big("due_us"),
        big("lease_until_us"),
        text("holder"),
        integer("attempt"),
    )
    index("job_by_due", "job", ["kind", "due_us"])
    table(
        "key",
        serial("id"),
        big("workspace_id"),
        text("name"),
        sa.UniqueConstraint("workspace_id", "name"),
        sqlite_autoincrement=True,
    )
    table(
        "logged_model",
        big("id", key=True),
        big("workspace_id"),
        text("uid", unique=True),
        big("experiment_id"),
        text("run_uid", null=True),
        text("name"),
        text("model_type"),
        text("status"),
        text("status_message", null=True),
        text("lifecycle"),
        big("created_us"),
        big("updated_us"),
        big("deleted_us", null=True),
    )
    index("logged_model_by_experiment", "logged_model", ["experiment_id", "created_us"])
    index("logged_model_by_run", "logged_model", ["run_uid"])
    table(
        "logged_value",
        big("owner_id", key=True),
        big("key_id", key=True),
        big("context_id", key=True),
        big("step", key=True),
        big("row", key=True),
        big("time_us"),
        text("kind"),
        text("document"),
    )
    table(
        "metric_batch",
        big("owner_id", key=True),
        text("writer", key=True),
        big("seq", key=True),
        integer("count"),
        binary("payload"),
    )
    table(
        "metric_chunk",
        big("owner_id", key=True),
        big("key_id", key=True),
        big("context_id", key=True),
        big("first_step", key=True),
        big("first_us", key=True),
        big("last_step"),
        big("last_us"),
        integer("count"),
        double("first_value", null=True),
        double("last_value", null=True),
        double("min_value", null=True),
        double("max_value", null=True),
        double("sum_value", null=True),
        integer("nan_count"),
        binary("payload"),
    )
    table(
        "metric_latest",
        big("owner_id", key=True),
        big("key_id", key=True),
        big("context_id", key=True),
        double("value", null=True),
        boolean("is_nan"),
        big("step"),
        big("time_us"),
        double("min_value", null=True),
        double("max_value", null=True),
    )
    index("metric_latest_by_value", "metric_latest", ["key_id", "value", "owner_id"])
    table(
        "metric_live",
        big("owner_id", key=True),
        big("key_id", key=True),
        big("context_id", key=True),
        double("value", null=True),
        boolean("is_nan"),
        big("step"),
        big("time_us"),
        double("min_value", null=True),
        double("max_value", null=True),
    )
    table("metric_motion", big("owner_id", key=True), big("touched_us"), integer("batches"), big("bytes"))
    index("metric_motion_by_time", "metric_motion", ["touched_us"])
    table(
        "metric_page",
        big("owner_id", key=True),
        big("first_key_id", key=True),
        big("first_context_id", key=True),
        big("last_key_id"),
        big("last_context_id"),
        integer("count"),
        binary("payload"),
    )
    table(
        "param",
        big("owner_id", key=True),
        big("key_id", key=True),
        text("value"),
        text("value_key"),
        double("number", null=True),
        text("origin"),
    )
    index("param_by_number", "param", ["key_id", "number", "owner_id"])
    index("param_by_value", "param", ["key_id", "value_key", "owner_id"])
    table(
        "run",
        big("id", key=True),
        big("workspace_id"),
        text("uid", unique=True),
        big("experiment_id"),
        text("name"),
        text("status"),
        text("lifecycle"),
        text("parent_uid", null=True),
        text("user_name"),
        big("start_us", null=True),
        big("end_us", null=True),
        big("created_us"),
        big("updated_us"),
        big("deleted_us", null=True),
    )
    index("run_by_parent", "run", ["parent_uid"])
    index("run_by_start", "run", ["experiment_id", "start_us", "uid"])
    table("run_config", big("run_id", key=True), big("revision"), text("document"))
    table(
        "run_group",
        big("id", key=True),
        big("workspace_id"),
        big("experiment_id"),
        text("name"),
        big("created_us"),
        sa.UniqueConstraint("workspace_id", "experiment_id", "name"),
    )
    table("run_group_member", big("group_id", key=True), big("run_id", key=True), big("joined_us"))
    index("run_group_member_by_run", "run_group_member", ["run_id"])
    table("schema_row", integer("id", key=True), text("revision"), text("oldest_server"))
    table("tag", big("owner_id", key=True), big("key_id", key=True), text("value"), text("value_key"))
    index("tag_by_value", "tag", ["key_id", "value_key", "owner_id"])
    table(
        "tree_entry", big("tree_id", key=True), text("path", key=True), text("blob_id"), big("size"), big("modified_us")
    )
    index("tree_entry_by_blob", "tree_entry", ["blob_id"])
    table(
        "upload",
        text("id", key=True),
        big("workspace_id"),
        big("owner_id"),
        text("path"),
        text("blob_id"),
        text("backend_id"),
        big("lease_until_us"),
    )
    index("upload_by_lease", "upload", ["lease_until_us"])
    table("workspace", big("id", key=True), text("name", unique=True), big("created_us"))
    table(
        "writer",
        big("run_id", key=True),
        text("name", key=True),
        text("stream", key=True),
        integer("epoch"),
        big("next_seq"),
        text("actor"),
        boolean("heartbeats"),
        big("seen_us"),
    )
    table(
        "experiment_tag",
        big("experiment_id", key=True),
        text("key", key=True),
        text("value"),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiment.id"], ondelete="CASCADE"),
    )


def upgrade(connection: sa.Connection, now_us: int) -> None:
    """Every table, the triggers of the audit chain, the default workspace and MLflow's experiment 0."""
    metadata = sa.MetaData()
    _tables(metadata)
    metadata.create_all(connection, checkfirst=False)
    for statement in statements(connection.dialect.name):
        connection.exec_driver_sql(statement)
    for statement in (
        "INSERT INTO workspace (id, name, created_us) VALUES (1, 'default', :now)",
        "INSERT INTO counter (name, value) VALUES ('experiment', 0)",
        "INSERT INTO experiment (id, workspace_id, name, lifecycle, created_us, updated_us)"
        " VALUES (0, 1, 'Default', 'active', :now, :now)",  # MLflow's clients expect an experiment 0 of this name
    ):
        found = sa.text(statement)
        connection.execute(found.bindparams(now=now_us) if ":now" in statement else found)
