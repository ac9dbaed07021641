"""What a search means, in plain Python over plain records: the measure for every store that answers searches."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.core.config import as_number
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

COMPARE = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@dataclass(frozen=True)
class Record:
    """A run as searches see it; a metric is (last, min, max), NaN where there is no number."""

    attributes: Mapping[str, str | int | None]
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)


def value_of(record: Record, wanted: Field) -> Any:
    """The field's value; None where the record has none."""
    match wanted:
        case Attribute(name):
            return record.attributes[name]
        case Param(key):
            return record.params.get(key)
        case Tag(key):
            return record.tags.get(key)
        case Metric(str(key), aggregate, ()):
            values = record.metrics.get(key)
            return None if values is None else values[("last", "min", "max").index(aggregate)]
    raise TypeError(f"records have no {wanted}")


def holds(expr: Expr, record: Record) -> bool:
    """Whether the record is one that the tree asks for."""
    match expr:
        case And(items):
            return all(holds(item, record) for item in items)
        case Or(items):
            return any(holds(item, record) for item in items)
        case Not(inner):
            return not holds(inner, record)
        case IsNull(wanted):
            return value_of(record, wanted) is None
        case Comparison(wanted, op, value):
            return _compares(record, wanted, op, value)
        case In(wanted, values):
            return any(_compares(record, wanted, "=", value) for value in values)
        case Like(wanted, pattern, case_sensitive):
            text = value_of(record, wanted)
            return text is not None and like(text, pattern, case_sensitive=case_sensitive)


def _compares(record: Record, wanted: Field, op: str, value: Value) -> bool:
    found = value_of(record, wanted)
    if isinstance(wanted, Param) and found is not None and not isinstance(value, str):
        found = as_number(found)  # a param is compared as a number with a number
    return found is not None and COMPARE[op](found, value)


def like(text: str, pattern: str, *, case_sensitive: bool) -> bool:
    """SQL's LIKE: `%` is any text, `_` one character, nothing else is special; case is folded in ASCII only."""
    if not case_sensitive:
        text, pattern = _folded(text), _folded(pattern)
    parts = {"%": ".*", "_": "."}
    return re.fullmatch("".join(parts.get(sign, re.escape(sign)) for sign in pattern), text, re.DOTALL) is not None


def _folded(text: str) -> str:
    return "".join(sign.lower() if sign.isascii() else sign for sign in text)


def found(records: Iterable[Record], where: Expr | None, order: Sequence[Order]) -> list[Record]:
    """The records that are found, in order: what lacks a sort key comes last, NaN before it, ties newest first."""
    kept = [record for record in records if where is None or holds(where, record)]
    kept.sort(key=lambda record: (-(record.attributes["start_us"] or 0), record.attributes["uid"]))  # type: ignore[operator]
    for item in reversed(order):
        kept.sort(key=lambda record: _class(value_of(record, item.field)))
        firsts = [record for record in kept if _class(value_of(record, item.field)) == 0]
        firsts.sort(key=lambda record: value_of(record, item.field), reverse=item.descending)
        kept[: len(firsts)] = firsts
    return kept


def _class(value: Any) -> int:
    return 2 if value is None else 1 if isinstance(value, float) and math.isnan(value) else 0
