"""Hypothesis strategies: points, search trees, keys and texts that have gone wrong somewhere before."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from assay.core.points.columns import Points, from_lists
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
    Operator,
    Or,
    Order,
    Param,
    Tag,
    Value,
)

OPERATORS: tuple[Operator, ...] = ("=", "!=", "<", "<=", ">", ">=")
NUMBERS = (0.0, -0.0, 1.0, -1.0, 0.1, 3.0, 1e-5, 1e300, -1e300, math.inf, -math.inf)
TEXTS = (
    *("", "a", "A", "ab", "aB", "b", "a%", "a_", "%", "_", "\\", "it's", "é", "É", "🦊", "x" * 201),
    *("10", "0.10", "1e1", "nan", "-inf", " 3 ", "1_000", "٣"),  # some of them are numbers
)
PATTERNS = (
    *("", "%", "_", "a%", "%B", "%a%b%", "_b", "a\\%", "\\", "É", "é%", "__", "%_%", "x%x", "🦊", "_'_", "%'s"),
    *("A", "a_", "1%", "%0"),
)
ATTRIBUTES = ("uid", "name", "status", "user_name", "parent_uid")
TIMES = ("start_us", "end_us", "created_us")
KEYS = ("k", "K", "a.b", "a b", "a`b", 'a"b', "é", "never logged", "AND", "now", "1", "a-b/c")

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
FLOATS = st.floats(width=64) | st.floats(width=32) | st.sampled_from([0.0, -0.0, math.inf, -math.inf, math.nan])
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
SOME_TEXT = st.sampled_from(TEXTS)
SOME_PATTERN = st.sampled_from(PATTERNS)
SOME_TIME_US = st.integers(-3, 3).map(lambda n: n * 1_000)


@st.composite
def points(draw: st.DrawFn, max_size: int = 60) -> Points:
    """Any points: few keys and positions, so that many of them coincide, or columns of any number."""
    n = draw(st.integers(0, max_size))
    small = st.integers(-2, 3)

    def column() -> list[int]:
        return draw(st.lists(draw(st.sampled_from([small, INT64, st.just(7)])), min_size=n, max_size=n))

    values = draw(
        st.lists(draw(st.sampled_from([FLOATS, st.sampled_from([0.0, 1.0, math.nan])])), min_size=n, max_size=n)
    )
    key, context, row, step, time_us = (column() for _ in range(5))
    return from_lists(key, step, time_us, values, context, row)


def fields(keys: Sequence[str] = KEYS, times: Sequence[str] = TIMES) -> SearchStrategy[Field]:
    """Any field that a run has."""
    key = st.sampled_from(keys)
    return st.one_of(
        st.builds(Param, key),
        st.builds(Tag, key),
        st.builds(Metric, key, st.sampled_from(["last", "min", "max"])),
        st.builds(Attribute, st.sampled_from([*ATTRIBUTES, *times])),
    )


def is_text(field: Field) -> bool:
    """Whether the field is compared with texts."""
    return not isinstance(field, Metric) and not (isinstance(field, Attribute) and field.name in TIMES)


def values(field: Field, texts: SearchStrategy[str], times_us: SearchStrategy[int]) -> SearchStrategy[Value]:
    """What the field may be compared with."""
    numbers: SearchStrategy[Value] = st.sampled_from(NUMBERS) | st.floats(allow_nan=False)
    if isinstance(field, Metric):
        return numbers
    if isinstance(field, Param):
        return numbers | texts
    return texts if is_text(field) else times_us


@st.composite
def predicates(
    draw: st.DrawFn,
    keys: Sequence[str] = KEYS,
    texts: SearchStrategy[str] = SOME_TEXT,
    patterns: SearchStrategy[str] = SOME_PATTERN,
    times_us: SearchStrategy[int] = SOME_TIME_US,
) -> Expr:
    """One comparison of a field."""
    field = draw(fields(keys))
    kind = draw(st.sampled_from(["compare", "compare", "in", "null", "like"]))
    if kind == "null":
        return IsNull(field)
    if kind == "like" and is_text(field):
        return Like(field, draw(patterns), draw(st.booleans()))
    some = values(field, texts, times_us)
    if kind == "in":
        return In(field, tuple(draw(st.lists(some, min_size=1, max_size=4))))
    return Comparison(field, draw(st.sampled_from(OPERATORS)), draw(some))


def trees(leaf: SearchStrategy[Expr] | None = None, max_leaves: int = 8) -> SearchStrategy[Expr]:
    """Any tree over such predicates; AND and OR join at least two."""

    def joined(inner: SearchStrategy[Expr]) -> SearchStrategy[Expr]:
        several = st.lists(inner, min_size=2, max_size=4).map(tuple)
        return st.one_of(st.builds(Not, inner), st.builds(And, several), st.builds(Or, several))

    return st.recursive(predicates() if leaf is None else leaf, joined, max_leaves=max_leaves)


def orders(keys: Sequence[str] = KEYS) -> SearchStrategy[list[Order]]:
    """Up to three sort keys."""
    return st.lists(st.builds(Order, fields(keys), st.booleans()), max_size=3)
