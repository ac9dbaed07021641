"""Which runs a search tree asks for, with the meaning that the compiler to SQL gives it."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from assay.core.search.ast import (
    And,
    Attribute,
    Comparison,
    Expr,
    Field,
    In,
    IsNull,
    Like,
    Metric,
    Not,
    Or,
    Order,
    Param,
    Tag,
    Value,
)
from assay.stores.projection.columns import Column, Name, Numbers, Rows, Texts
from assay.stores.projection.dictionary import MISSING
from assay.stores.projection.patterns import Bools
from assay.stores.search import PATTERN_BOUND

UID = "uid"
TEXTS = ("name", "status", "user_name", "parent_uid")
TIMES = ("start_us", "end_us", "created_us")
EXACT = 1 << 53  # whole numbers beyond it are not compared as floating ones
COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Unserved(Exception):
    """SQL answers this search: it is rare, or compares what is better compared there."""


def name_of(field: Field) -> Name:
    """The column of a field. Raises Unserved."""
    name = _named(field)
    if not _is_sound(name.key):
        raise Unserved
    return name


def _is_sound(text: str) -> bool:
    """Whether a store can hold the text; what it cannot, it says itself."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _named(field: Field) -> Name:
    match field:
        case Attribute(name) if name == UID or name in TEXTS or name in TIMES:
            return Name("attribute", name)
        case Param(key):
            return Name("param", key)
        case Tag(key):
            return Name("tag", key)
        case Metric(str(key), aggregate, ()):
            return Name("metric", key, aggregate)
    raise Unserved


def names_of(where: Expr | None, order: Sequence[Order]) -> set[Name]:
    """The columns that a search reads. Raises Unserved."""
    found = {name_of(item.field) for item in order}
    if where is not None:
        _collect(where, found)
    return found


def _collect(expr: Expr, found: set[Name]) -> None:
    match expr:
        case And(items) | Or(items):
            for item in items:
                _collect(item, found)
            return
        case Not(inner):
            _collect(inner, found)
            return
        case Comparison(field, _, value):
            values: Sequence[Value] = (value,)
        case In(field, values):
            pass
        case Like(field, pattern, _):
            values = (pattern,)
        case IsNull(field):
            values = ()
    name = name_of(field)
    if isinstance(expr, Like) and (name.key == UID or not _is_text(name) or len(expr.pattern) > PATTERN_BOUND):
        raise Unserved
    if not all(_fits(name, value) for value in values):
        raise Unserved
    found.add(name)


def _is_text(name: Name) -> bool:
    return name.source in ("param", "tag") or (name.source == "attribute" and name.key not in TIMES)


def _fits(name: Name, value: Value) -> bool:
    """Whether arrays compare the field with this value as a database would."""
    if isinstance(value, str):
        return _is_text(name) and _is_sound(value)
    if isinstance(value, bool):
        return False
    if isinstance(value, float):
        return not math.isnan(value) and name.source in ("metric", "param")
    if name.source == "attribute":
        return name.key in TIMES and -(1 << 63) <= value < 1 << 63
    return name.source in ("metric", "param") and abs(value) <= EXACT


class Masks:
    """Evaluates trees over some rows.

    Args:
        columns: Those that `names_of` told; one that is not there is of a key that nobody has.
        uids: The uids of all rows.
        rows: Which rows.
        count: How many they are.
    """

    def __init__(self, columns: Mapping[Name, Column], uids: Any, rows: Rows, count: int) -> None:
        self._columns = columns
        self._uids = uids
        self._rows = rows
        self._count = count

    def of(self, expr: Expr) -> Bools:
        """For each row, whether the tree asks for it."""
        match expr:
            case And(items):
                return self._all(self.of(item) for item in items)
            case Or(items):
                return self._any(self.of(item) for item in items)
            case Not(inner):
                return ~self.of(inner)
            case IsNull(field):
                name = name_of(field)
                if name.key == UID and name.source == "attribute":
                    return self._none()
                column = self._columns.get(name)
                return ~self._none() if column is None else ~column.has(self._rows)
            case Comparison(field, op, value):
                return self._compared(name_of(field), op, value)
            case In(field, values):
                return self._in(name_of(field), values)
            case Like(field, pattern, case_sensitive):
                column = self._columns.get(name_of(field))
                if not isinstance(column, Texts):
                    return self._none()
                return column.where(column.dictionary.matches(pattern, case_sensitive=case_sensitive), self._rows)

    def _none(self) -> Bools:
        return np.zeros(self._count, np.bool_)

    def _all(self, masks: Iterable[Bools]) -> Bools:
        found = ~self._none()
        for mask in masks:
            found &= mask
        return found

    def _any(self, masks: Iterable[Bools]) -> Bools:
        found = self._none()
        for mask in masks:
            found |= mask
        return found

    def _compared(self, name: Name, op: str, value: Value) -> Bools:
        compare = COMPARE[op]
        if name == ("attribute", UID, ""):
            found: Bools = compare(self._uids[self._rows], np.bytes_(str(value).encode()))
            return found
        column = self._columns.get(name)
        if isinstance(column, Texts):
            return self._text(column, op, value)
        if isinstance(column, Numbers):
            found = compare(column.values[self._rows], value)
            return found & column.has(self._rows)
        return self._none()

    def _text(self, column: Texts, op: str, value: Value) -> Bools:
        dictionary = column.dictionary
        if not isinstance(value, str):
            numbers = dictionary.numbers()
            return column.where(COMPARE[op](numbers, value) & ~np.isnan(numbers), self._rows)
        if op not in ("=", "!="):
            place = dictionary.place(value)  # before the ranks, which it may change
            return column.where(COMPARE[op](dictionary.ranks(), place), self._rows)
        codes, code = column.codes[self._rows], dictionary.find(value)
        if op == "=" and code == MISSING:
            return self._none()
        found: Bools = codes == code if op == "=" else (codes != code) & (codes != MISSING)
        return found

    def _in(self, name: Name, values: Sequence[Value]) -> Bools:
        column = self._columns.get(name)
        if not isinstance(column, Texts):
            return self._any(self._compared(name, "=", value) for value in values)
        wanted = np.zeros(len(column.dictionary), np.bool_)
        numbers = [value for value in values if not isinstance(value, str)]
        if numbers:
            wanted |= np.isin(column.dictionary.numbers(), np.array(numbers, np.float64))
        codes = [column.dictionary.find(value) for value in values if isinstance(value, str)]
        wanted[[code for code in codes if code != MISSING]] = True
        return column.where(wanted, self._rows)
