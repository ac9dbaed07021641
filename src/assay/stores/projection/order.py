"""Which runs come first, and after a page's end: by the sort keys that the compiler to SQL has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.core.search.ast import Order
from assay.stores.projection.columns import Column, Name, Numbers, Texts
from assay.stores.projection.dictionary import MISSING
from assay.stores.projection.masks import UID, name_of
from assay.stores.projection.patterns import Bools, Ints
from assay.stores.tokens import read_token

SAMPLE = 1 << 15  # values among which a bound of the first ones is sought
NOT_TEXT, NOT_NUMBER = 1, 2  # the class of a run that lacks the key, by what the key is; 1: it is NaN


@dataclass(frozen=True, slots=True)
class Key:
    """One sort key: numbers by row, whose order is the runs'."""

    kind: type
    down: bool = False
    column: Column | None = None
    uids: Any = None
    classes: bool = False  # whether the run has the field, not what it is
    missing: int = 0

    def values(self, rows: Ints) -> Any:
        """The numbers of these rows, or their uids."""
        column = self.column
        if self.uids is not None:
            return self.uids[rows]
        if self.classes:
            return self._classes(rows)
        if column is None:
            return np.zeros(len(rows))
        if isinstance(column, Texts):
            empty = column.dictionary.place("")  # before the ranks, which it may change
            return np.append(column.dictionary.ranks(), empty)[column.codes[rows]]
        assert isinstance(column, Numbers)
        values = column.values[rows]
        return np.where(np.isnan(values), 0.0, values) if self.kind is float else values

    def _classes(self, rows: Ints) -> Any:
        column = self.column
        if column is None:
            return np.full(len(rows), self.missing, np.int8)
        found = np.where(column.has(rows), np.int8(0), np.int8(self.missing))
        if isinstance(column, Numbers) and column.values.dtype == np.float64:
            found[np.isnan(column.values[rows])] = 1
        return found

    def value(self, row: int) -> Any:
        """What a token says of the row."""
        if self.uids is not None:
            return self.uids[row].decode()
        if self.column is None and not self.classes:
            return self.kind()
        if isinstance(self.column, Texts) and not self.classes:
            code = self.column.codes[row]
            return "" if code == MISSING else self.column.dictionary.texts[code]
        return self.values(np.array([row])).item()

    def place(self, told: Any) -> Any:
        """A token's value among the numbers."""
        if self.uids is not None:
            return np.bytes_(told.encode())
        if self.kind is not str:
            return np.float64(told) if self.kind is float else np.int64(told)
        return self.column.dictionary.place(told) if isinstance(self.column, Texts) else np.float64(told != "")


def keys_of(order: Sequence[Order], columns: Mapping[Name, Column], start: Column, uids: Any) -> list[Key]:
    """The sort keys of a search: two a field, then newest first, then by uid."""
    found = []
    for item in order:
        name = name_of(item.field)
        if name == ("attribute", UID, ""):
            found += [Key(int, classes=True, column=None), Key(str, item.descending, uids=uids)]
            continue
        column = columns.get(name)
        kind: type = float if name.source == "metric" else int if isinstance(column, Numbers) else str
        missing = NOT_NUMBER if name.source == "metric" else NOT_TEXT
        found += [Key(int, column=column, classes=True, missing=missing), Key(kind, item.descending, column)]
    return [*found, Key(int, down=True, column=start), Key(str, uids=uids)]


def after(keys: Sequence[Key], rows: Ints, token: str, digest: str) -> Ints:
    """Those of the rows that come after the page that the token ends. Raises InvalidInput for a token of another."""
    told = read_token(token, digest, [key.kind for key in keys])
    later: Bools = np.zeros(len(rows), np.bool_)
    level: Bools = np.ones(len(rows), np.bool_)
    for key, value in zip(keys, told, strict=True):
        place = key.place(value)
        values = key.values(rows)
        later |= level & (values < place if key.down else values > place)
        level &= values == place
        if not level.any():
            break
    return rows[later]


def first(keys: Sequence[Key], rows: Ints, count: int) -> Ints:
    """The first rows in order, so many at most."""
    sure, wanted = [], count
    for key in keys:
        if len(rows) <= 2 * wanted:
            break
        values = key.values(rows)
        bound = _class(values, wanted) if key.classes else _bound(values, wanted, down=key.down)
        before = values > bound if key.down else values < bound
        sure.append(rows[before])
        wanted -= len(sure[-1])
        rows = rows[values == bound]
    found = np.concatenate([*sure, rows])
    by = [key.values(found) for key in keys]
    by = [_downward(values) if key.down else values for key, values in zip(keys, by, strict=True)]
    return found[np.lexsort(by[::-1])][:count]


def _class(values: Any, count: int) -> int:
    """The class of the last of the first `count` values."""
    return next(number for number in range(NOT_NUMBER + 1) if np.count_nonzero(values <= number) >= count)


def _bound(values: Any, count: int, *, down: bool) -> Any:
    """The last of the first `count` values."""
    if len(values) > 4 * SAMPLE and count < SAMPLE // 4:
        some = values[:: len(values) // SAMPLE]  # their bound is one of all values, though not the lowest
        near = _nth(some, count, down=down)
        values = values[values >= near] if down else values[values <= near]
    return _nth(values, count, down=down)


def _nth(values: Any, count: int, *, down: bool) -> Any:
    at = len(values) - count if down else count - 1
    return np.partition(values, at)[at]


def _downward(values: Any) -> Any:
    if values.dtype.kind == "i":
        return ~values  # unlike the negative, never out of bounds
    if values.dtype.kind == "f":
        return -values
    return -np.unique(values, return_inverse=True)[1]  # of uids
