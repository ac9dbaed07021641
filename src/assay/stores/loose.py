"""Points that lie in no chunk: the tails of owners in motion, and the pages of small series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.core.points.bulk import decode_all
from assay.core.points.columns import Ints, Points, everywhere, order_by, starts_of

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
        owner = np.searchsorted(np.array(owner_ids, np.int64), np.array([row[0] for row in rows], np.int64))
        points, names = _by_series(points, source, owner, np.array(key_ids, np.int64))
        self.names: list[Name] = [(key_ids[kind], owner_ids[at], context_id) for kind, at, context_id in names]
        self._points = points.normal()
        self._edges = np.searchsorted(self._points.key, np.arange(len(names) + 1))
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


def _by_series(points: Points, source: Ints, owner: Ints, key_ids: Ints) -> tuple[Points, list[Name]]:
    """The points of these keys by series, with its number for their key, and the series as (kind, owner, context).

    Those of one series stay in the order of their payloads: mostly the one in which they were logged. What stands
    together in a payload moves together: of a payload that was folded from many, that is all that a series has there.

    Args:
        points: Those of one payload stand together.
        source: int64 (n,), the payload of each.
        owner: int64, of each payload a small number, in the order of the owners.
        key_ids: Sorted; a kind is a position among them.
    """
    if not len(points):
        return points, []
    starts = starts_of(source, points.key, points.context)
    lengths = np.diff(np.append(starts, len(points)))
    source, key, context_id = source[starts], points.key[starts], points.context[starts]
    kind = np.minimum(np.searchsorted(key_ids, key), len(key_ids) - 1)
    contexts, context = np.unique(context_id, return_inverse=True)
    series = (kind * (int(owner.max()) + 1) + owner[source]) * len(contexts) + context
    at = _payload_order(source)
    wanted = key_ids[kind] == key
    if not wanted.all():
        at = at[wanted[at]]
    if not len(at):
        return points.take(at), []
    ordered = series[at]
    at = at[order_by(ordered, int(np.count_nonzero(ordered[1:] != ordered[:-1])))]
    firsts = starts_of(series[at])
    number = np.repeat(np.arange(len(firsts)), np.diff(np.append(firsts, len(at))))
    first = at[firsts]
    names = zip(kind[first].tolist(), owner[source[first]].tolist(), context_id[first].tolist(), strict=True)
    lengths = lengths[at]
    found = _numbered(points, everywhere(0, len(points))).take(_spread(starts[at], lengths))  # no key is looked up
    return _numbered(found, np.repeat(number, lengths)), list(names)


def _payload_order(source: Ints) -> Ints:
    """Where what is of these payloads lies, payload by payload; that of one stands together."""
    firsts = starts_of(source)
    by_source = np.argsort(source[firsts])
    return _spread(firsts[by_source], np.diff(np.append(firsts, len(source)))[by_source])


def _spread(begins: Ints, lengths: Ints) -> Ints:
    """The positions from each of these on, so many, one after the other."""
    return np.repeat(begins - (np.cumsum(lengths) - lengths), lengths) + np.arange(int(lengths.sum()))


def _numbered(points: Points, number: Ints) -> Points:
    """The points with these numbers for keys, and no contexts."""
    return Points(number, everywhere(0, len(points)), points.row, points.step, points.time_us, points.value)
