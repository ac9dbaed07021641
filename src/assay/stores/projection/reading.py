"""What the projection reads from the tables: everything once, and then what has changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from assay.core.ids import Kind
from assay.stores.projection.columns import Column, Encoded, Name
from assay.stores.projection.masks import TEXTS, TIMES
from assay.stores.projection.patterns import Ints
from assay.stores.projection.rows import START, Head

if TYPE_CHECKING:
    from assay.stores.unit import Unit

INDEXED = 200  # characters of a text that its index holds
ASKED = 1_000  # ids a statement
FETCHED = 5_000  # rows at a time
SLACK_US = 100_000  # by which the database's clock may be set back, and its times are rounded
VALUES = {"last": "value", "min": "min_value", "max": "max_value"}
ATTRIBUTES = (*TEXTS, *(name for name in TIMES if name != START.key))
SIZE = 5
HEAD = "id, uid, experiment_id, lifecycle, start_us"

APPLICATION = "assay"  # what servers call themselves, which everybody may see

# The oldest transaction under way began then, and so many are hidden from us.
ACTIVE = f"""
SELECT floor(extract(epoch FROM least(min(xact_start), transaction_timestamp())) * 1000)::bigint * 1000,
  count(*) FILTER (WHERE backend_type IS NULL AND application_name = '{APPLICATION}')
FROM pg_stat_activity WHERE datname = current_database()
"""  # noqa: S608 -- our own names
CHANGED = f"""
SELECT 0, began, hidden FROM ({ACTIVE}) AS active(began, hidden)
UNION ALL SELECT 1, id, 0 FROM (
  SELECT id FROM run WHERE workspace_id = ? AND updated_us >= ? LIMIT ?) AS changed
UNION ALL SELECT 2, owner_id, 0 FROM (
  SELECT owner_id FROM metric_motion JOIN run ON run.id = owner_id
  WHERE touched_us >= ? AND workspace_id = ? LIMIT ?) AS moved
"""  # noqa: S608 -- the same


class Changed(NamedTuple):
    """What other servers have changed, as far as times tell."""

    heads: list[int]
    points: list[int]
    began_us: int | None  # when the oldest transaction under way began; None where none can be hidden from us
    hidden: bool  # whether there are transactions that we may not look at


class Filling(NamedTuple):
    """A column that lies nowhere yet: the values of some runs, as the column has them."""

    column: Column
    ids: Ints
    encoded: Encoded


def snapshot(unit: Unit) -> None:
    """The unit's snapshot is taken now, at the latest."""
    unit.rows("SELECT id FROM schema_row", ())


def began(unit: Unit) -> int | None:
    """When the oldest transaction under way began, on PostgreSQL. To be asked before a snapshot, not in it."""
    return int(unit.rows(ACTIVE, ())[0][0]) if unit.delta.joins_writes else None


def changed(unit: Unit, workspace_id: int, since_us: int, limit: int, *, points: bool) -> Changed:
    """The runs that any server changed since then, on PostgreSQL; takes the unit's snapshot.

    Args:
        unit: Reads.
        workspace_id: Whose runs.
        since_us: Since when.
        limit: How many of either kind are told.
        points: Whether runs of which only the points have changed are told.
    """
    since_us -= SLACK_US
    given = (workspace_id, since_us, limit, since_us, workspace_id, limit if points else 0)
    found: dict[int, list[int]] = {1: [], 2: []}
    began_us, hidden = None, False
    for kind, number, count in unit.rows(CHANGED, given):
        if kind == 0:
            began_us, hidden = number, count > 0
        else:
            found[kind].append(number)
    return Changed(found[1], found[2], began_us, hidden)


def count_runs(unit: Unit, workspace_id: int, most: int) -> int:
    """The runs of the workspace, deleted or not; it counts no further than told."""
    query = "SELECT count(*) FROM (SELECT 1 FROM run WHERE workspace_id = ? LIMIT ?) AS counted"
    return int(unit.rows(query, (workspace_id, most))[0][0])


def all_heads(unit: Unit, workspace_id: int) -> Iterator[list[Head]]:
    """All runs, in the order of their ids, some at a time."""
    query = f"SELECT {HEAD} FROM run WHERE workspace_id = ? ORDER BY id"  # noqa: S608 -- our own names
    with _cursor(unit) as cursor:
        yield from _fetched(cursor, unit.delta.sql(query), (workspace_id,))


def heads(unit: Unit, workspace_id: int, ids: Collection[int]) -> list[tuple[Any, ...]]:
    """The runs of these ids that exist: a head, then ATTRIBUTES."""
    query = f"SELECT {HEAD}, {', '.join(ATTRIBUTES)} FROM run WHERE workspace_id = ? AND id"  # noqa: S608 -- the same
    return list(asked(unit, query, [workspace_id], ids))


def key_ids(unit: Unit, workspace_id: int, names: Sequence[str]) -> dict[str, int]:
    """The numbers of those keys that anything was ever logged under."""
    return unit.keys.lookup(workspace_id, names)


def filling(unit: Unit, workspace_id: int, name: Name, key_id: int, column: Column) -> Filling:
    """All values of a column, which has none so far."""
    is_cut = name.source in ("param", "tag")
    if name.source == "attribute":
        query, given = f"SELECT id, {name.key} FROM run WHERE workspace_id = ?", [workspace_id]  # noqa: S608 -- the same
    elif name.source == "metric":
        value = VALUES[name.aggregate]
        each = f"SELECT owner_id, {value} FROM %s WHERE key_id = ? AND context_id = 0"  # noqa: S608 -- the same
        query, given = f"{each % 'metric_latest'} UNION ALL {each % 'metric_live'}", [key_id, key_id]
    else:
        query, given = f"SELECT owner_id, value_key FROM {name.source} WHERE key_id = ?", [key_id]  # noqa: S608 -- the same
    ids: list[Ints] = [np.zeros(0, np.int64)]
    encoded = [column.encode([])]
    with _cursor(unit) as cursor:
        for rows in _fetched(cursor, unit.delta.sql(query), given):
            some, values = zip(*rows, strict=True)
            ids.append(np.array(some, np.int64))
            encoded.append(column.encode(_whole(unit, name, key_id, some, values) if is_cut else values))
    return Filling(column, np.concatenate(ids), tuple(map(np.concatenate, zip(*encoded, strict=True))))


def _whole(unit: Unit, name: Name, key_id: int, ids: Sequence[int], values: Sequence[str]) -> Sequence[str]:
    """The values; of those that the index cuts, what it cuts off is read too."""
    cut = {id: at for at, (id, value) in enumerate(zip(ids, values, strict=True)) if len(value) >= INDEXED}
    if not cut:
        return values
    whole = list(values)
    query = f"SELECT owner_id, value FROM {name.source} WHERE key_id = ? AND owner_id"  # noqa: S608 -- the same
    for id, value in asked(unit, query, [key_id], cut):
        whole[cut[id]] = value
    return whole


def owned(unit: Unit, source: str, ids: Collection[int], keys: Sequence[int]) -> Iterator[tuple[int, int, str]]:
    """(id, key, value) of these params or tags of these runs."""
    query = f"SELECT owner_id, key_id, value FROM {source} WHERE key_id {unit.delta.among} AND owner_id"  # noqa: S608 -- the same
    return asked(unit, query, [unit.delta.listed(keys)], ids)


def measured(unit: Unit, ids: Collection[int], keys: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """(id, key, last, least, greatest) of these metrics of these runs."""
    for table in ("metric_live", "metric_latest"):
        query = (
            f"SELECT owner_id, key_id, value, min_value, max_value FROM {table} "  # noqa: S608 -- the same
            f"WHERE context_id = 0 AND key_id {unit.delta.among} AND owner_id"
        )
        yield from asked(unit, query, [unit.delta.listed(keys)], ids)


def runs(ids: Collection[int]) -> list[int]:
    """Those of the ids that are runs'."""
    return [id for id in ids if id & 7 == Kind.RUN]


def asked(unit: Unit, query: str, given: Sequence[Any], ids: Collection[int]) -> Iterator[Any]:
    """The rows of a query that ends in a column of ids, for these ids."""
    wanted, delta = list(ids), unit.delta
    for at in range(0, len(wanted), ASKED):
        yield from unit.rows(f"{query} {delta.among}", [*given, delta.listed(wanted[at : at + ASKED])])


@contextmanager
def _cursor(unit: Unit) -> Iterator[Any]:
    """A cursor that does not bring all rows at once."""
    raw: Any = unit.connection.connection.driver_connection
    cursor = raw.cursor("projection") if unit.delta.joins_writes else raw.cursor()
    try:
        yield cursor
    finally:
        cursor.close()


def _fetched(cursor: Any, query: str, given: Sequence[Any]) -> Iterator[list[Any]]:
    cursor.execute(query, given)
    while rows := cursor.fetchmany(FETCHED):
        yield rows
