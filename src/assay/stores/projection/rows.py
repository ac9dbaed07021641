"""The runs of a workspace as columns: which run is which row, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.core.tracking import View
from assay.stores.projection.columns import Column, Name, Numbers, Rows, Texts, put
from assay.stores.projection.masks import UID
from assay.stores.projection.patterns import Bools, Ints

UID_BYTES = 32
ROOM = 1.25  # as many rows again before all arrays are made larger
GONE = -1  # the experiment of a run that is no more
LIFECYCLES = {"active": 0, "deleted": 1, "archived": 2}
START = Name("attribute", "start_us")


class Unfit(Exception):
    """The runs of this workspace cannot be held as columns."""


Head = tuple[int, str, int, str, int | None]  # id, uid, experiment, lifecycle, start: what is known of every run


class RunRows:
    """Rows of runs, in no order that means anything."""

    def __init__(self) -> None:
        self.count = 0
        self.gone = 0
        self.uids: NDArray[np.bytes_] = np.zeros(0, f"S{UID_BYTES}")
        self.columns: dict[Name, Column] = {START: Numbers(0, np.int64)}
        self._ids: Ints = np.zeros(0, np.int64)
        self._experiments: NDArray[np.int32] = np.zeros(0, np.int32)
        self._lifecycles: NDArray[np.int8] = np.zeros(0, np.int8)
        self._codes: dict[int, int] = {}  # of experiments
        self._sorted = 0  # so many rows lie in the order of their ids; others are found by `_later`
        self._later: dict[int, int] = {}

    def bytes(self) -> int:
        """About what all of it takes."""
        own = (self.uids, self._ids, self._experiments, self._lifecycles)
        return sum(array.nbytes for array in own) + sum(column.bytes() for column in list(self.columns.values()))

    def start(self, parts: Iterable[Sequence[Head]]) -> None:
        """These are the runs, in the order of their ids, and there were none before."""
        self._sorted = 1 << 62
        for heads in parts:
            self._append(heads)
        self._sorted = self.count

    def _grow(self, least: int) -> None:
        if least <= len(self._ids):
            return
        capacity = max(int(least * ROOM), 1_024)
        for name in ("uids", "_ids", "_experiments", "_lifecycles"):
            old = getattr(self, name)
            new = np.zeros(capacity, old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)
        for column in self.columns.values():
            column.grow(capacity)

    def put(self, heads: Sequence[Head]) -> None:
        """These runs are so, whether they were known or not."""
        rows = self.rows_of(np.array([head[0] for head in heads], np.int64))
        known = rows >= 0
        self._write([head for head, is_known in zip(heads, known, strict=True) if is_known], rows[known])
        self._append([head for head, is_known in zip(heads, known, strict=True) if not is_known])

    def _append(self, heads: Sequence[Head]) -> None:
        at, self.count = self.count, self.count + len(heads)
        self._grow(self.count)
        ids = [head[0] for head in heads]
        if at >= self._sorted:
            self._later.update(zip(ids, range(at, self.count), strict=True))
        self._ids[at : self.count] = ids
        self._write(heads, np.arange(at, self.count))

    def _write(self, heads: Sequence[Head], rows: Ints) -> None:
        if not len(heads):
            return
        _, uids, experiments, lifecycles, starts = zip(*heads, strict=True)
        names = [uid.encode() for uid in uids]
        if max(map(len, names)) > UID_BYTES:
            raise Unfit
        codes = self._codes
        self.uids[rows] = names
        self._experiments[rows] = [codes.setdefault(experiment, len(codes)) for experiment in experiments]
        self._lifecycles[rows] = [LIFECYCLES[lifecycle] for lifecycle in lifecycles]
        put(self.columns[START], rows, starts)

    def drop(self, ids: Iterable[int]) -> None:
        """There are no such runs any more."""
        rows = self.rows_of(np.array(list(ids), np.int64))
        rows = rows[rows >= 0]
        self.gone += int(np.count_nonzero(self._experiments[rows] != GONE))
        self._experiments[rows] = GONE

    def rows_of(self, ids: Ints) -> Ints:
        """The row of each run; -1 where there is none."""
        base = self._ids[: self._sorted]
        found = np.searchsorted(base, ids)
        if self._sorted:
            found[found == self._sorted] = 0
            found[base[found] != ids] = -1
        else:
            found[:] = -1
        if self._later:
            later = self._later
            for place in np.flatnonzero(found < 0).tolist():
                found[place] = later.get(int(ids[place]), -1)
        return found

    def ids(self, rows: Ints) -> list[int]:
        """The ids of these rows."""
        found: list[int] = self._ids[rows].tolist()
        return found

    def within(self, experiment_ids: Iterable[int], view: View) -> Bools:
        """For each row, whether it is a run of one of these experiments, and in the view."""
        codes = [code for id in set(experiment_ids) if (code := self._codes.get(id)) is not None]
        experiments = self._experiments[: self.count]
        if len(codes) == 1:
            found: Bools = experiments == codes[0]
        else:
            wanted = np.zeros(len(self._codes) + 1, np.bool_)  # the last is where GONE points to
            wanted[codes] = True
            found = wanted[experiments]
        if view is not View.ALL:
            found &= self._lifecycles[: self.count] == LIFECYCLES[view.value]
        return found

    def uids_of(self, rows: Rows) -> Any:
        """The uids of these rows."""
        return self.uids[rows]


def is_loaded(name: Name) -> bool:
    """Whether the column is one of its own; uids every run has."""
    return name != ("attribute", UID, "")


def new_column(name: Name) -> Column:
    """A column of the kind that the field needs, without any room yet."""
    if name.source == "metric":
        return Numbers(0, np.float64)
    if name.source == "attribute" and name.key.endswith("_us"):
        return Numbers(0, np.int64)
    return Texts(0)
