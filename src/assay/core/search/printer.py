"""The canonical text of a tree in the native grammar: what `grammar.parse` reads back as the same tree."""

from __future__ import annotations

import math
import re

from assay.core.search.ast import (
    Address,
    And,
    Attribute,
    Comparison,
    DatasetField,
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
    Value,
)
from assay.core.search.grammar import ATTRIBUTES, TIME_BOUND_MS, TIMES
from assay.wire.errors import InvalidInput

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_\-/]*(\.[A-Za-z_][A-Za-z0-9_\-/]*)*")
_NAMES = {column: name for name, column in ATTRIBUTES.items()}
_JOINED = (And, Or)


def print_filter(expr: Expr | None) -> str:
    """The tree as text; nothing for None.

    Raises:
        InvalidInput: The native grammar has no word for a part of it.
    """
    return "" if expr is None else _expr(expr)


def print_order(order: Order) -> str:
    """A sort key as text. Raises InvalidInput."""
    return f"{_field(order.field)} {'DESC' if order.descending else 'ASC'}"


def _expr(expr: Expr) -> str:
    match expr:
        case And(items):
            return _join(" AND ", items)
        case Or(items):
            return _join(" OR ", items)
        case Not(IsNull(field)):
            return f"{_field(field)} IS NOT NULL"
        case Not(In() as inner):
            return _in(inner, "NOT IN")
        case Not(Like() as inner):
            return _like(inner, "NOT ")
        case Not(inner):
            return f"NOT {_part(inner)}"
        case IsNull(field):
            return f"{_field(field)} IS NULL"
        case Comparison(field, op, value):
            return f"{_field(field)} {op} {_value(field, value)}"
        case In():
            return _in(expr, "IN")
        case Like():
            return _like(expr, "")


def _join(word: str, items: tuple[Expr, ...]) -> str:
    if not items:
        raise InvalidInput("A filter cannot say AND or OR of nothing", field="filter")
    return _expr(items[0]) if len(items) == 1 else word.join(_part(item) for item in items)


def _part(expr: Expr) -> str:
    """In parentheses where it joins others: they also keep AND within AND as it was."""
    while isinstance(expr, _JOINED) and len(expr.items) == 1:
        expr = expr.items[0]
    return f"({_expr(expr)})" if isinstance(expr, _JOINED) else _expr(expr)


def _in(expr: In, word: str) -> str:
    if not expr.values:
        raise InvalidInput("A filter cannot say IN of nothing", field="filter")
    return f"{_field(expr.field)} {word} ({', '.join(_value(expr.field, value) for value in expr.values)})"


def _like(expr: Like, negated: str) -> str:
    word = "LIKE" if expr.case_sensitive else "ILIKE"
    return f"{_field(expr.field)} {negated}{word} {_text(expr.pattern)}"


def _field(field: Field) -> str:
    match field:
        case Attribute(name) if name in _NAMES:
            return _NAMES[name]
        case Metric(str(key), aggregate, ()):
            shown = f"metrics.{_key(key)}"
            return shown if aggregate == "last" else f"{aggregate}({shown})"
        case Attribute() | DatasetField() | Metric() | Address():
            raise InvalidInput(f"A filter has no word for {field}", field="filter")
        case _:
            return f"{'params' if isinstance(field, Param) else 'tags'}.{_key(field.key)}"


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else "`" + key.replace("`", "``") + "`"


def _value(field: Field, value: Value) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(field, Attribute) and field.name in TIMES:
        if value % 1_000 or abs(value) > TIME_BOUND_MS * 1_000:
            raise InvalidInput(f"A filter has no word for the time {value}: it counts milliseconds", field="filter")
        return str(int(value) // 1_000)
    if math.isnan(value):
        raise InvalidInput("A filter has no word for NaN", field="filter")
    if math.isinf(value):
        return "1e999" if value > 0 else "-1e999"
    return repr(value)


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
