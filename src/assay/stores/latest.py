"""Latest values in SQL, read by the driver itself: every listing of runs shows them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

from assay.core.tracking import Latest

if TYPE_CHECKING:
    from assay.stores.unit import Unit

AT_ONCE = 1_000  # owners whose rows are read by one statement
TABLES = ("metric_live", "metric_latest")
COLUMNS = "owner_id, key_id, context_id, value, step, time_us, min_value, max_value"


def read_latest(unit: Unit, owner_ids: Sequence[int]) -> dict[int, list[Latest]]:
    """Latest values of all series of each owner, by key and context."""
    found: dict[int, list[Latest]] = defaultdict(list)
    for at in range(0, len(owner_ids), AT_ONCE):
        some = unit.delta.listed(owner_ids[at : at + AT_ONCE])
        both = (f"SELECT {COLUMNS} FROM {table} WHERE owner_id {unit.delta.among}" for table in TABLES)  # noqa: S608 -- ours
        rows = unit.rows(" UNION ALL ".join(both), [some, some])
        names = unit.keys.names({row[1] for row in rows})
        contexts = unit.keys.documents({row[2] for row in rows})
        rank = {number: at for at, number in enumerate(names)}
        if contexts:
            rows.sort(key=itemgetter(2))
        rows.sort(key=lambda row: rank[row[1]])
        for owner_id, key_id, context_id, value, step, time_us, low, high in rows:
            shown = math.nan if value is None else value
            found[owner_id].append(Latest(names[key_id], shown, step, time_us, low, high, contexts.get(context_id)))
    return found
