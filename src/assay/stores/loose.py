"""Points that lie in no chunk: the tails of owners in motion, and the pages of small series."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.core.points.bulk import decode_all
from assay.core.points.columns import Ints, Points, concat
from assay.core.points.payload import decode

if TYPE_CHECKING:
    from assay.stores.unit import Unit

PAGES = "SELECT owner_id, payload FROM metric_page WHERE owner_id {among} AND first_key_id <= ? AND last_key_id >= ?"
BATCHES = "SELECT owner_id, payload FROM metric_batch WHERE owner_id {among}"
SMALL = 2_048  # bytes of a payload that is worth opening together with others
Name = tuple[int, int, int]  # key, owner and context of a series


class Loose:
    """The loose points of some keys of some owners.

    Attributes:
        names: The series that have some, sorted.
    """

    def __init__(self, unit: Unit, owner_ids: Sequence[int], key_ids: Sequence[int]) -> None:
        among, owners = unit.delta.among, unit.delta.listed(owner_ids)
        rows: list[Any] = unit.rows(PAGES.format(among=among), [owners, max(key_ids), min(key_ids)])
        rows += unit.rows(BATCHES.format(among=among), [owners])
        self._parts: dict[Name, list[Points]] = {}
        self._gather_small([row for row in rows if len(row[1]) <= SMALL], np.array(key_ids, np.int64))
        wanted = set(key_ids)
        for owner_id, payload in rows:
            if len(payload) > SMALL:
                for key_id, context_id, points in decode(payload).series():
                    if key_id in wanted:
                        self._parts.setdefault((key_id, owner_id, context_id), []).append(points)
        self.names: list[Name] = sorted(self._parts)

    def _gather_small(self, rows: Sequence[Any], key_ids: Ints) -> None:
        """Opens all of them together, and puts their points in order by one sort."""
        points, source = decode_all([payload for _, payload in rows])
        owner = np.array([owner_id for owner_id, _ in rows], np.int64)[source]
        wanted = np.isin(points.key, key_ids)
        if not wanted.all():
            points, owner = points.take(wanted), owner[wanted]
        if not len(points):
            return
        order = np.lexsort((points.context, owner, points.key))
        points, owner = points.take(order), owner[order]
        key, context = points.key, points.context
        new = (key[1:] != key[:-1]) | (owner[1:] != owner[:-1]) | (context[1:] != context[:-1])
        starts = np.concatenate(([0], np.flatnonzero(new) + 1))
        names = zip(key[starts].tolist(), owner[starts].tolist(), context[starts].tolist(), strict=True)
        number = np.concatenate(([0], np.cumsum(new)))
        series = _numbered(points, number).normal()
        edges = np.searchsorted(series.key, np.arange(len(starts) + 1)).tolist()
        for name, (start, end) in zip(names, pairwise(edges), strict=True):
            self._parts[name] = [series.take(slice(start, end))]

    def of(self, series: Sequence[Name]) -> Points:
        """The points of these series, which are sorted, in canonical order; their keys are positions among these."""
        found = []
        for place, name in enumerate(series):
            parts = [_numbered(part, place) for part in self._parts.get(name, ())]
            found += parts if len(parts) < 2 else [concat(parts).normal()]
        return concat(found)


def _numbered(points: Points, number: Ints | int) -> Points:
    """The points with these numbers for keys, and no contexts."""
    nothing = np.zeros(len(points), np.int64)
    key = np.full(len(points), number, np.int64) if isinstance(number, int) else number
    return Points(key, nothing, points.row, points.step, points.time_us, points.value)
