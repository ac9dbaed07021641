"""Points that lie in no chunk: the tails of owners in motion, and the pages of small series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.core.points.bulk import decode_all
from assay.core.points.columns import Points, empty

if TYPE_CHECKING:
    from assay.stores.unit import Unit

PAGES = "SELECT owner_id, payload FROM metric_page WHERE owner_id {among} AND first_key_id <= ? AND last_key_id >= ?"
BATCHES = "SELECT owner_id, payload FROM metric_batch WHERE owner_id {among}"
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
        points, source = decode_all([payload for _, payload in rows])
        owner = np.array([owner_id for owner_id, _ in rows], np.int64)[source]
        wanted = np.isin(points.key, np.array(key_ids, np.int64))
        if not wanted.all():
            points, owner = points.take(wanted), owner[wanted]
        self.names: list[Name] = []
        self._points = empty()
        if len(points):
            self._number(points, owner)

    def _number(self, points: Points, owner: Any) -> None:
        """Keeps the points with the numbers of their series for keys, so that one sort puts all in order."""
        order = np.lexsort((points.context, owner, points.key))
        key, held_by, context = points.key[order], owner[order], points.context[order]
        new = (key[1:] != key[:-1]) | (held_by[1:] != held_by[:-1]) | (context[1:] != context[:-1])
        number = np.concatenate(([0], np.cumsum(new)))
        starts = np.concatenate(([0], np.flatnonzero(new) + 1))
        self.names = list(zip(key[starts].tolist(), held_by[starts].tolist(), context[starts].tolist(), strict=True))
        taken = points.take(order)
        nothing = np.zeros(len(number), np.int64)
        numbered = Points(number, nothing, taken.row, taken.step, taken.time_us, taken.value)
        self._points = numbered.normal()

    def of(self, series: Sequence[Name]) -> Points:
        """The points of these series, which are sorted, in canonical order; their keys are positions among these."""
        places = {name: place for place, name in enumerate(series)}
        of_number = np.array([places.get(name, -1) for name in self.names] or [-1], np.int64)
        place = of_number[self._points.key]
        points = self._points.take(place >= 0)
        return Points(place[place >= 0], points.context, points.row, points.step, points.time_us, points.value)
