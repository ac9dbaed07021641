"""The syntax tree of a search: predicates over fields, joined by and, or, not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Operator = Literal["=", "!=", "<", "<=", ">", ">="]
Value = str | int | float


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column of the thing searched: `name`, `status`, `start_us` ..."""

    name: str


@dataclass(frozen=True, slots=True)
class Param:
    """A param by key."""

    key: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag by key."""

    key: str


@dataclass(frozen=True, slots=True)
class MeasuredOn:
    """A dataset that points name in their context: by name, by digest, or by both."""

    name: str | None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's last value, or its extreme, by key; None: of any key.

    Where datasets are named, only what was measured on one of them counts.
    """

    key: str | None
    aggregate: Literal["last", "min", "max"] = "last"
    on: tuple[MeasuredOn, ...] = ()


@dataclass(frozen=True, slots=True)
class DatasetField:
    """`name`, `digest` or `context` of a dataset that the run used."""

    name: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where a run's files are said to lie: its experiment's place, then `/UID` and the end.

    Of an experiment without a place of its own, that is the root and its id.
    """

    root: str
    end: str


Field = Attribute | Param | Tag | Metric | DatasetField | Address


@dataclass(frozen=True, slots=True)
class Comparison:
    """The field exists and compares so; a NaN satisfies only `!=`."""

    field: Field
    op: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Like:
    """The field exists and its text matches an SQL pattern (`%` any text, `_` one character)."""

    field: Field
    pattern: str
    case_sensitive: bool


@dataclass(frozen=True, slots=True)
class In:
    """The field exists and is one of these values."""

    field: Field
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    """The field does not exist."""

    field: Field


@dataclass(frozen=True, slots=True)
class Not:
    """The inner expression does not hold."""

    inner: Expr


@dataclass(frozen=True, slots=True)
class And:
    """All hold."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one holds."""

    items: tuple[Expr, ...]


Expr = Comparison | Like | In | IsNull | Not | And | Or


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by a field; what lacks it comes last, NaN just before."""

    field: Field
    descending: bool = False


def conjunction(items: Sequence[Expr]) -> Expr | None:
    """All of the items; None if there are none."""
    if not items:
        return None
    return items[0] if len(items) == 1 else And(tuple(items))
