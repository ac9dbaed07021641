"""One field of all runs as an array: texts by code, whole numbers, and measured values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from assay.stores.projection.dictionary import MISSING, Dictionary
from assay.stores.projection.patterns import Bools, Ints

Rows = slice | Ints
Source = Literal["attribute", "param", "tag", "metric"]
Encoded = tuple[NDArray[Any], ...]


class Name(NamedTuple):
    """Which field of a run a column holds."""

    source: Source
    key: str
    aggregate: str = ""  # of a metric


class Column(Protocol):
    """The values of a field, by row; a row that nothing was said of lacks the field."""

    def grow(self, capacity: int) -> None:
        """There is room for so many rows."""

    def encode(self, values: Sequence[Any]) -> Encoded:
        """The values as they lie here. None in a column of measured values is one that is no number."""
        ...

    def write(self, rows: Ints, *encoded: NDArray[Any]) -> None:
        """These rows have these values."""

    def clear(self, rows: Ints) -> None:
        """These rows lack the field."""

    def has(self, rows: Rows) -> Bools:
        """Which of the rows have the field."""
        ...

    def bytes(self) -> int:
        """About what it takes."""
        ...


def put(column: Column, rows: Ints, values: Sequence[Any]) -> None:
    """These rows of the column have these values."""
    column.write(rows, *column.encode(values))


def _grown(array: NDArray[Any], capacity: int, fill: Any) -> NDArray[Any]:
    larger = np.full(capacity, fill, array.dtype)
    larger[: len(array)] = array
    return larger


class Texts:
    """A column of texts."""

    def __init__(self, capacity: int) -> None:
        self.dictionary = Dictionary()
        self.codes: NDArray[np.int32] = np.full(capacity, MISSING, np.int32)

    def grow(self, capacity: int) -> None:
        """There is room for so many rows."""
        self.codes = _grown(self.codes, capacity, MISSING)

    def encode(self, values: Sequence[str | None]) -> Encoded:
        """The codes of the texts."""
        codes = self.dictionary.codes(value for value in values if value is not None)
        if len(codes) < len(values):
            there = iter(codes)
            codes = [MISSING if value is None else next(there) for value in values]
        return (np.array(codes, np.int32),)

    def write(self, rows: Ints, *encoded: NDArray[Any]) -> None:
        """These rows have these codes."""
        (self.codes[rows],) = encoded

    def clear(self, rows: Ints) -> None:
        """These rows have no text."""
        self.codes[rows] = MISSING

    def has(self, rows: Rows) -> Bools:
        """Which of the rows have a text."""
        found: Bools = self.codes[rows] != MISSING
        return found

    def where(self, texts: Bools, rows: Rows) -> Bools:
        """Which of the rows have one of the texts that are marked, by code."""
        marked = np.append(texts, False)  # what MISSING, the last, points to
        found: Bools = marked[self.codes[rows]]
        return found

    def bytes(self) -> int:
        """About what it takes."""
        return self.codes.nbytes + self.dictionary.bytes()


class Numbers:
    """A column of numbers: times in microseconds, or values of a metric, NaN where one is no number."""

    def __init__(self, capacity: int, kind: type[np.int64] | type[np.float64]) -> None:
        self.values: NDArray[Any] = np.zeros(capacity, kind)
        self.present: Bools = np.zeros(capacity, np.bool_)

    def grow(self, capacity: int) -> None:
        """There is room for so many rows."""
        self.values = _grown(self.values, capacity, 0)
        self.present = _grown(self.present, capacity, fill=False)

    def encode(self, values: Sequence[Any]) -> Encoded:
        """The numbers, and which of them are there: a measured one always is."""
        if self.values.dtype == np.float64:
            return np.array(values, np.float64), np.ones(len(values), np.bool_)  # None becomes NaN
        there = np.array([value is not None for value in values], np.bool_)
        return np.array([value or 0 for value in values], np.int64), there

    def write(self, rows: Ints, *encoded: NDArray[Any]) -> None:
        """These rows have these numbers."""
        self.values[rows], self.present[rows] = encoded

    def clear(self, rows: Ints) -> None:
        """These rows have no number."""
        self.values[rows] = 0
        self.present[rows] = False

    def has(self, rows: Rows) -> Bools:
        """Which of the rows have a number, or NaN."""
        return self.present[rows]

    def bytes(self) -> int:
        """What it takes."""
        return self.values.nbytes + self.present.nbytes
