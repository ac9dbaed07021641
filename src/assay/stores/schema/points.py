"""What is logged, under interned keys and contexts, and who sends it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, LargeBinary, Table, UniqueConstraint

from assay.stores.schema.base import SERIAL, TEXT, metadata

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
    Column("inf_count", Integer),  # of either sign; NULL from revision 0001, whose sums are no number where one is
    Column("cell_shift", Integer),  # of core.points.cells; NULL where there are none: a small chunk, or one from 0004
    Column("cells", LargeBinary),
    Column("payload", LargeBinary, nullable=False),  # last: SQLite finds what stands behind it only by reading it all
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
