"""Every table of the catalog, once, for both engines.

Ids of top-level rows are 63-bit integers made by the application (`core.ids`): time-ordered, the kind in the low
bits, so that runs, logged models and other owners share the `owner_id` columns without a table between.
Times are microseconds since the epoch. Text compares in binary order on both engines.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
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

key = Table(
    "key",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("workspace_id", BigInteger, nullable=False),
    Column("name", TEXT, nullable=False),
    UniqueConstraint("workspace_id", "name"),
    sqlite_autoincrement=True,  # payloads hold key ids, so an id is never given twice
)

context = Table(
    "context",
    metadata,
    Column("id", SERIAL, primary_key=True),  # 0 is never stored: it means "no context"
    Column("workspace_id", BigInteger, nullable=False),
    Column("digest", TEXT, nullable=False),
    Column("document", TEXT, nullable=False),  # canonical JSON: model, dataset, slice, split, rank
    UniqueConstraint("workspace_id", "digest"),
    sqlite_autoincrement=True,
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

metric_batch = Table(
    "metric_batch",
    metadata,
    Column("owner_id", BigInteger, primary_key=True, autoincrement=False),
    Column("writer", TEXT, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("count", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)

# A row says: this owner is in motion. Its tail lies in metric_batch and *all* its latest values in metric_live.
# An owner without a row is at rest: all its latest values are in metric_latest. Never some here and some there.
metric_motion = Table(
    "metric_motion",
    metadata,
    Column("owner_id", BigInteger, primary_key=True, autoincrement=False),
    Column("touched_us", BigInteger, nullable=False),
    Column("batches", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Index("metric_motion_by_time", "touched_us"),
)


def _latest_columns() -> list[Column[object]]:
    return [
        Column("owner_id", BigInteger, primary_key=True, autoincrement=False),
        Column("key_id", BigInteger, primary_key=True, autoincrement=False),
        Column("context_id", BigInteger, primary_key=True, autoincrement=False),  # search reads context 0
        Column("value", Double),  # NULL where is_nan
        Column("is_nan", Boolean, nullable=False),
        Column("step", BigInteger, nullable=False),
        Column("time_us", BigInteger, nullable=False),
        Column("min_value", Double),  # over the values that are not NaN
        Column("max_value", Double),
    ]


metric_live = Table("metric_live", metadata, *_latest_columns())
metric_latest = Table(
    "metric_latest",
    metadata,
    *_latest_columns(),
    Index("metric_latest_by_value", "key_id", "value", "owner_id"),
)

# The chunks of a series never overlap in (step, time); each is known by where it begins.
metric_chunk = Table(
    "metric_chunk",
    metadata,
    Column("owner_id", BigInteger, primary_key=True, autoincrement=False),
    Column("key_id", BigInteger, primary_key=True, autoincrement=False),
    Column("context_id", BigInteger, primary_key=True, autoincrement=False),
    Column("first_step", BigInteger, primary_key=True, autoincrement=False),
    Column("first_us", BigInteger, primary_key=True, autoincrement=False),
    Column("last_step", BigInteger, nullable=False),
    Column("last_us", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("first_value", Double),  # NULL for NaN, here and in the next
    Column("last_value", Double),
    Column("min_value", Double),  # over what is not NaN, here and in the next
    Column("max_value", Double),
    Column("sum_value", Double),  # over what is finite
    Column("nan_count", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("inf_count", Integer),  # of either sign; NULL from revision 0001, whose sums are no number where one is
)

# Series of few points share a page: a chunk of its own would cost each of them more than its points do. The pages of
# an owner part its small series by (key, context); each is known by where it begins.
metric_page = Table(
    "metric_page",
    metadata,
    Column("owner_id", BigInteger, primary_key=True, autoincrement=False),
    Column("first_key_id", BigInteger, primary_key=True, autoincrement=False),
    Column("first_context_id", BigInteger, primary_key=True, autoincrement=False),
    Column("last_key_id", BigInteger, nullable=False),
    Column("last_context_id", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)

# Who sends to a run, and how far he got: what lies below `next_seq` was stored, whatever became of it since.
writer = Table(
    "writer",
    metadata,
    Column("run_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", TEXT, primary_key=True),
    Column("stream", TEXT, primary_key=True),  # points: all that a process logs; others are numbered apart
    Column("epoch", Integer, nullable=False),  # raised by a rewind: what was sent before it is refused
    Column("next_seq", BigInteger, nullable=False),
    Column("actor", TEXT, nullable=False),
    Column("heartbeats", Boolean, nullable=False),  # whether silence means that it is gone
    Column("seen_us", BigInteger, nullable=False),
)

run_config = Table(
    "run_config",
    metadata,
    Column("run_id", BigInteger, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
    Column("document", TEXT, nullable=False),  # JSON as sent; `param` is its index
)

# What is logged at a step and is no number: media, tables, histograms, text.
logged_value = Table(
    "logged_value",
    metadata,
    Column("owner_id", BigInteger, primary_key=True, autoincrement=False),
    Column("key_id", BigInteger, primary_key=True, autoincrement=False),
    Column("context_id", BigInteger, primary_key=True, autoincrement=False),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("row", BigInteger, primary_key=True, autoincrement=False),
    Column("time_us", BigInteger, nullable=False),
    Column("kind", TEXT, nullable=False),  # null | text | bool | json, later: image, table ...
    Column("document", TEXT, nullable=False),  # JSON; what is large lies in the owner's file tree
)

# What a run printed. `line` is how many lines of the run came before: later ones never stand before one that was read.
console = Table(
    "console",
    metadata,
    Column("owner_id", BigInteger, primary_key=True, autoincrement=False),
    Column("line", BigInteger, primary_key=True, autoincrement=False),
    Column("writer", TEXT, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),  # the first line's number in the writer's sequence
    Column("count", Integer, nullable=False),
    Column("first_us", BigInteger, nullable=False),  # the earliest and latest time of its lines
    Column("last_us", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
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

# The chain of governed acts. Records are canonical bytes; what may be erased lies in audit_detail.
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
