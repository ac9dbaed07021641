"""Points that lie in no chunk: the tails of owners in motion, and the pages of small series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.core.points.bulk import decode_all
from assay.core.points.columns import Ints, Points, everywhere, order_by

if TYPE_CHECKING:
    from assay.stores.unit import Unit

PAGES = "SELECT owner_id, payload FROM metric_page WHERE owner_id {among} AND first_key_id <= ? AND last_key_id >= ?"
BATCHES = "SELECT owner_id, payload FROM metric_batch WHERE owner_id {among} ORDER BY owner_id, writer, seq"
Name = tuple[int, int, int]  # key, owner and context of a series


class Loose:
    """The loose points of some keys of some owners, held together: a part for each series would cost more than it has.

    Attributes:
        names: The series that have some, sorted.
    """

    def __init__(self, unit: Unit, owner_ids: Sequence[int], key_ids: Sequence[int]) -> None:
        """Both are sorted."""
        among, owners = unit.delta.among, unit.delta.listed(owner_ids)
        rows: list[Any] = unit.rows(PAGES.format(among=among), [owners, max(key_ids), min(key_ids)])
        rows += unit.rows(BATCHES.format(among=among), [owners])
        points, source = decode_all([payload for _, payload in rows])
        place = np.searchsorted(np.array(owner_ids, np.int64), np.array([row[0] for row in rows], np.int64))
        points, owner = _by_series(points, place[source], source, np.array(key_ids, np.int64))
        key, context = points.key, points.context
        new = (key[1:] != key[:-1]) | (owner[1:] != owner[:-1]) | (context[1:] != context[:-1])
        starts = np.concatenate(([0], np.flatnonzero(new) + 1))[: len(points)]
        names = zip(key[starts].tolist(), owner[starts].tolist(), context[starts].tolist(), strict=True)
        self.names: list[Name] = [(key_id, owner_ids[at], context_id) for key_id, at, context_id in names]
        self._points = _numbered(points, np.concatenate(([0], np.cumsum(new)))[: len(points)]).normal()
        self._edges = np.searchsorted(self._points.key, np.arange(len(starts) + 1))
        self._places = {name: at for at, name in enumerate(self.names)}

    def of(self, series: Sequence[Name]) -> Points:
        """The points of these series, which are sorted, in canonical order; their keys are positions among these."""
        held = [(number, self._places[name]) for number, name in enumerate(series) if name in self._places]
        if not held:
            return self._points.take(slice(0, 0))
        numbers, places = np.array(held, np.int64).T
        sizes = self._edges[places + 1] - self._edges[places]
        low, high = int(self._edges[places[0]]), int(self._edges[places[-1] + 1])
        if int(sizes.sum()) == high - low:  # as where all series of a key are asked for
            found = self._points.take(slice(low, high))
        else:
            wanted = np.zeros(len(self._edges) - 1, np.bool_)
            wanted[places] = True
            found = self._points.take(wanted[self._points.key])
        return _numbered(found, np.repeat(numbers, sizes))


def _by_series(points: Points, owner: Ints, source: Ints, key_ids: Ints) -> tuple[Points, Ints]:
    """The points of these keys by key, owner and context, and their owners.

    Those of one series stay in the order of their payloads: mostly the one in which they were logged.

    Args:
        points: Those of one payload stand together.
        owner: int64 (n,), small numbers in the order of the owners.
        source: int64 (n,), the payload of each.
        key_ids: Sorted.
    """
    if not len(points):
        return points, owner
    kind = np.minimum(np.searchsorted(key_ids, points.key), len(key_ids) - 1)
    contexts, context = (np.zeros(1), 0) if not points.context.any() else np.unique(points.context, return_inverse=True)
    series = (kind * (int(owner.max()) + 1) + owner) * len(contexts) + context
    at = _payload_order(source)
    wanted = key_ids[kind] == points.key
    if not wanted.all():
        at = at[wanted[at]]
    ordered = series[at]
    if len(ordered):
        at = at[order_by(ordered, int(np.count_nonzero(ordered[1:] != ordered[:-1])))]
    return points.take(at), owner[at]


def _payload_order(source: Ints) -> Ints:
    """Where the points lie, payload by payload."""
    firsts = np.concatenate(([0], np.flatnonzero(source[1:] != source[:-1]) + 1))
    lengths = np.diff(np.append(firsts, len(source)))
    by_source = np.argsort(source[firsts])
    lengths = lengths[by_source]
    begins = np.cumsum(lengths) - lengths
    return np.repeat(firsts[by_source] - begins, lengths) + np.arange(len(source))


def _numbered(points: Points, number: Ints) -> Points:
    """The points with these numbers for keys, and no contexts."""
    return Points(number, everywhere(0, len(points)), points.row, points.step, points.time_us, points.value)
