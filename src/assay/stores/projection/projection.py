"""One workspace's runs as columns, brought to the moment of whoever searches before he is answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.stores.projection import reading
from assay.stores.projection.columns import Column, Name, Texts, put
from assay.stores.projection.marks import Flights, Listener, Touched
from assay.stores.projection.masks import Masks
from assay.stores.projection.order import Key, after, first, keys_of
from assay.stores.projection.patterns import Ints
from assay.stores.projection.rows import START, RunRows, new_column
from assay.stores.search import Asked

if TYPE_CHECKING:
    from assay.stores.unit import Unit

SPARSE = 4  # where fewer than one run in so many is asked for, only those are looked at
AGGREGATES = list(reading.VALUES)
MOST_WORN = 10_000  # texts that nobody need have any more, before a column is read anew


class Projection:
    """Who looks at it or changes it holds `lock`. Snapshots are taken under it, so none is older than what lies here.

    Args:
        workspace_id: Whose runs.
        flights: The transactions of this process.
    """

    def __init__(self, workspace_id: int, flights: Flights) -> None:
        self.workspace_id = workspace_id
        self.lock = threading.Lock()
        self.listener = Listener()
        self.used_s = time.monotonic()
        self._flights = flights
        self._rows = RunRows()
        self._keys: dict[str, int] = {}
        self._column_used_s: dict[Name, float] = {}
        self.is_blind = False  # whether other servers' transactions are hidden from it
        self._loads: list[Touched] = []  # what changed while a column was read
        # When the oldest transaction began that what lies here may lack; and that the next state may.
        self._since_us: int | None = None
        self._began_us: int | None = None

    def start(self, unit: Unit) -> None:
        """All runs are here, without any column but what every run has."""
        self._flights.listen(self.listener)
        unit.renew()
        self._since_us = self._began_us = reading.began(unit)
        unit.renew()
        self._rows.start(reading.all_heads(unit, self.workspace_id))

    def close(self) -> None:
        """Nobody tells it anything any more."""
        self._flights.leave(self.listener)

    def bytes(self) -> int:
        """About what it takes."""
        return self._rows.bytes()

    @property
    def count(self) -> int:
        """Its runs, with those that are no more."""
        return self._rows.count

    def is_worn(self) -> bool:
        """Whether it is better built anew."""
        return self.listener.overrun or self._rows.gone * SPARSE > self._rows.count + MOST_WORN

    def refresh(self, unit: Unit, most: int) -> bool:
        """It shows what the unit's snapshot does, which is taken now. False: too much has changed, or may have.

        Args:
            unit: Reads; if it has read before, its snapshot is another from now on.
            most: Runs to read again.
        """
        taken = self.listener.take()
        is_done = False
        try:
            unit.renew()
            now = Touched()
            now.add(taken)
            began_us: int | None = None
            measures = bool(self._loads) or bool(self._of("metric"))
            if self._since_us is None:
                reading.snapshot(unit)
            else:
                found = reading.changed(unit, self.workspace_id, self._since_us, most + 1, points=measures)
                if found.hidden or found.began_us is None:
                    self.is_blind = True
                    return False
                if self._began_us is not None and found.began_us < self._began_us - reading.SLACK_US:
                    self.listener.overrun = True  # the database's clock was set back: its times tell nothing
                    return False
                began_us = found.began_us
                now.heads.update(found.heads)
                now.points.update(found.points)
            now.add(self._flights.flying())  # what its snapshot may show already, or not yet: it is read again then
            now.add(self.listener.held())
            heads = reading.runs(now.heads)
            points = self._held(now.points) if measures else set()
            if len(heads) + len(points) > most:
                return False
            for load in self._loads:
                load.add(now)
            self._apply(unit, heads, points)
            self._since_us, self._began_us = self._began_us, began_us
            is_done = True
            return True
        finally:
            if not is_done:
                self.listener.add(taken)

    def _held(self, ids: Collection[int]) -> set[int]:
        """Those of the ids that are of runs in here."""
        asked = np.fromiter(ids, np.int64, len(ids))
        return set(asked[self._rows.rows_of(asked) >= 0].tolist())

    def _apply(self, unit: Unit, ids: Collection[int], moved: set[int]) -> None:
        rows = self._rows
        found = reading.heads(unit, self.workspace_id, ids) if ids else []
        if len(found) < len(ids):
            rows.drop(set(ids) - {row[0] for row in found})
        if found:
            rows.put([row[: reading.SIZE] for row in found])
            known = np.array([row[0] for row in found], np.int64)
            places = rows.rows_of(known)
            for number, name in enumerate(reading.ATTRIBUTES):
                column = rows.columns.get(Name("attribute", name))
                if column is not None:
                    put(column, places, [row[reading.SIZE + number] for row in found])
            for source in ("param", "tag"):
                columns = {self._keys[name.key]: (column,) for name, column in self._of(source)}
                if columns:
                    self._fill(columns, known, places, reading.owned(unit, source, known.tolist(), list(columns)))
        self._apply_metrics(unit, moved.union(row[0] for row in found))
        for worn, column in list(rows.columns.items()):
            if isinstance(column, Texts) and len(column.dictionary) > 2 * rows.count + MOST_WORN:
                del rows.columns[worn]

    def _apply_metrics(self, unit: Unit, ids: Collection[int]) -> None:
        columns: dict[int, tuple[Column | None, ...]] = {}
        for name, column in self._of("metric"):
            key_id = self._keys[name.key]
            others = columns.get(key_id, (None,) * len(AGGREGATES))
            at = AGGREGATES.index(name.aggregate)
            columns[key_id] = (*others[:at], column, *others[at + 1 :])
        if not columns or not ids:
            return
        known = np.array(list(ids), np.int64)
        places = self._rows.rows_of(known)
        known, places = known[places >= 0], places[places >= 0]
        if len(known):
            self._fill(columns, known, places, reading.measured(unit, known.tolist(), list(columns)))

    def _fill(
        self,
        columns: Mapping[int, tuple[Column | None, ...]],
        ids: Ints,
        places: Ints,
        found: Iterable[tuple[Any, ...]],
    ) -> None:
        """The runs have the values found, (id, key, values ...), and no others."""
        by_id = dict(zip(ids.tolist(), places.tolist(), strict=True))
        by_key: dict[int, list[tuple[Any, ...]]] = {}
        for id, key_id, *values in found:
            by_key.setdefault(key_id, []).append((by_id[id], *values))
        for key_id, some in columns.items():
            for number, column in enumerate(some):
                if column is None:
                    continue
                column.clear(places)
                if key_id in by_key:
                    at, *values = zip(*by_key[key_id], strict=True)
                    put(column, np.array(at, np.int64), values[number])

    def _of(self, source: str) -> list[tuple[Name, Column]]:
        return [(name, column) for name, column in self._rows.columns.items() if name.source == source]

    def lacking(self, unit: Unit, names: Collection[Name]) -> set[Name]:
        """Those columns that must be read before a search; keys that nobody has need none."""
        unknown = [name.key for name in names if name.source != "attribute" and name.key not in self._keys]
        if unknown:
            self._keys.update(reading.key_ids(unit, self.workspace_id, unknown))
        return {name for name in names if self._is_known(name) and name not in self._rows.columns}

    def _is_known(self, name: Name) -> bool:
        return name.source == "attribute" or name.key in self._keys

    def expect(self, names: Iterable[Name]) -> tuple[Touched, list[Name]]:
        """What gathers all that changes until the columns are installed, and those of them that are not here yet."""
        load = Touched()
        self._loads.append(load)
        return load, [name for name in names if name not in self._rows.columns]

    def read(self, unit: Unit, names: Iterable[Name]) -> dict[Name, reading.Filling]:
        """What columns are to be filled with; needs no lock."""
        found = {}
        for name in names:
            column = new_column(name)
            found[name] = reading.filling(unit, self.workspace_id, name, self._keys.get(name.key, 0), column)
            if isinstance(column, Texts):
                column.dictionary.warm(numbers=name.source == "param")
        return found

    def install(self, read: Mapping[Name, reading.Filling], load: Touched, bound: int) -> None:
        """The columns serve; what changed while they were read is read again. Others go, so that all fit the bound."""
        self._loads = [other for other in self._loads if other is not load]
        for name, (column, ids, encoded) in read.items():
            column.grow(len(self._rows.uids))
            rows = self._rows.rows_of(ids)
            known = rows >= 0  # others are no runs, or new: these are put when they are read themselves
            column.write(rows[known], *(values[known] for values in encoded))
            self._rows.columns[name] = column
            self._column_used_s[name] = time.monotonic()
        self.listener.add(load)
        others = sorted(self._rows.columns.keys() - read.keys() - {START}, key=lambda n: self._column_used_s.get(n, 0))
        while others and self.bytes() > bound:
            del self._rows.columns[others.pop(0)]

    def page(self, names: Collection[Name], asked: Asked, digest: str) -> tuple[list[int], list[list[Any]]]:
        """The ids of the first runs of a page and of the one behind it, and what tokens say of the last two.

        Raises:
            InvalidInput: The token is not one of this query.
        """
        self.used_s = time.monotonic()
        self._column_used_s.update(dict.fromkeys(names, self.used_s))
        rows = self._rows
        columns = {name: rows.columns[name] for name in names if name in rows.columns and self._is_known(name)}
        wanted = rows.within(asked.experiment_ids, asked.view)
        found = np.flatnonzero(wanted)
        if asked.where is not None and len(found) * SPARSE < rows.count:
            found = found[Masks(columns, rows.uids, found, len(found)).of(asked.where)]
        elif asked.where is not None:
            everything = slice(0, rows.count)
            found = np.flatnonzero(wanted & Masks(columns, rows.uids, everything, rows.count).of(asked.where))
        keys: list[Key] = keys_of(asked.order, columns, rows.columns[START], rows.uids)
        if asked.token is not None:
            found = after(keys, found, asked.token, digest)
        found = first(keys, found, asked.limit + 1)
        return rows.ids(found), [[key.value(row) for key in keys] for row in found[-2:].tolist()]

    def forget(self, ids: Iterable[int]) -> None:
        """There are no such runs any more."""
        self._rows.drop(ids)
