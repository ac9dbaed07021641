"""The native grammar: it reads what is printed, and refuses everything else in its own words and in time."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assay.core.search.ast import And, Attribute, Comparison, DatasetField, Expr, In, IsNull, Not, Or, Order, Param, Tag
from assay.core.search.grammar import DEPTH_BOUND, parse, parse_order
from assay.core.search.printer import print_filter, print_order
from assay.core.search.tokens import LENGTH_BOUND, tokenize
from assay.testing.strategies import TEXT, fields, orders, predicates, trees
from assay.wire.errors import InvalidInput

ANY_TIME = st.integers(-(10**15), 10**15).map(lambda ms: ms * 1_000)
ANY_TEXT = TEXT | st.sampled_from(["'", "''", "\\", "\\'", "a\\", '"', "`", "\n", "NULL", " x "])
PIECES = st.sampled_from(
    [
        *(
            "metrics.",
            "params.",
            "tags.",
            "attributes.",
            "run.",
            "last(",
            "min(",
            "max (",
            "name",
            "status",
            "start_time",
        ),
        *(
            "now",
            "now-",
            "- 7d",
            "-7d",
            "²d",
            "7",
            "-1.5e3",
            "1e999",
            ".5",
            "1.",
            "٣",
            "NaN",
            "inf",
            "=",
            "!=",
            "<>",
            "<=",
        ),
        *(
            "AND",
            "or",
            "Not",
            "IN",
            "LIKE",
            "ilike",
            "IS",
            "NULL",
            "(",
            ")",
            ",",
            ".",
            "+",
            "'a'",
            "'it''s'",
            '"k"',
            "`k`",
        ),
        *("'", '"', "`", "\\", "\0", "\ud800", "é", "🦊", " ", "\t", "\x1f", "\u2028", ";", "--", "%", "a.b-c/d", "_"),
    ]
)


@given(trees(predicates(texts=ANY_TEXT, patterns=ANY_TEXT, times_us=ANY_TIME), max_leaves=12))
def test_what_is_printed_is_read_back(expr: Expr) -> None:
    printed = print_filter(expr)
    assert parse(printed, 0) == expr
    assert print_filter(parse(printed, 12345)) == printed


@given(orders())
def test_a_printed_order_is_read_back(given_orders: list[Order]) -> None:
    for order in given_orders:
        assert parse_order(print_order(order)) == order


@given(ANY_TEXT, st.sampled_from([Param, Tag]))
def test_every_key_can_be_written(key: str, kind: type[Param] | type[Tag]) -> None:
    assert parse(print_filter(IsNull(kind(key))), 0) == IsNull(kind(key))
    assert parse_order(print_order(Order(kind(key)))) == Order(kind(key))


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (None, ""),
        (Comparison(Attribute("uid"), "=", "a'b\\"), "id = 'a''b\\'"),
        (Comparison(Param("lr"), ">", 0.1), "params.lr > 0.1"),
        (In(Tag("a b"), ("x", "y")), "tags.`a b` IN ('x', 'y')"),
        (Not(IsNull(Param("mlflow.user"))), "params.mlflow.user IS NOT NULL"),
        (Comparison(Attribute("start_us"), "<", 1_700_000_000_000_000), "start_time < 1700000000000"),
        (
            Or((And((IsNull(Param("a")), IsNull(Param("b")))), Not(Or((IsNull(Param("c")), IsNull(Param("d"))))))),
            "(params.a IS NULL AND params.b IS NULL) OR NOT (params.c IS NULL OR params.d IS NULL)",
        ),
        (And((IsNull(Param("a")),)), "params.a IS NULL"),
    ],
)
def test_the_canonical_form(expr: Expr | None, text: str) -> None:
    assert print_filter(expr) == text


@pytest.mark.parametrize(
    "expr",
    [
        Comparison(DatasetField("name"), "=", "x"),
        Comparison(Attribute("experiment_id"), "=", 1),
        Comparison(Attribute("start_us"), "=", 1_234),
        Comparison(Attribute("start_us"), "=", 10**19),
        Comparison(Param("p"), "=", float("nan")),
        In(Param("p"), ()),
        And(()),
    ],
)
def test_what_the_grammar_has_no_word_for_is_refused(expr: Expr) -> None:
    with pytest.raises(InvalidInput):
        print_filter(expr)


@given(st.lists(PIECES, max_size=25).map(" ".join) | st.lists(PIECES, max_size=25).map("".join) | st.text())
@example("start_time > now - ²d")
@example("start_time > now -")
@example("metrics.x LIKE '1%'")
@example("name IN ('a' ',' 'b')")
@example("last '(' metrics.x ) > 1")
@settings(max_examples=settings().max_examples * 4)
def test_only_invalid_input_is_raised(text: str) -> None:
    for read in (lambda: parse(text, 0), lambda: parse_order(text), lambda: tokenize(text)):
        try:
            read()
        except InvalidInput as refused:
            assert refused.remedy


@given(st.lists(PIECES, max_size=12).map(" ".join))
def test_what_is_read_is_printed_and_read_again(text: str) -> None:
    try:
        expr = parse(text, 0)
    except InvalidInput:
        return
    assert parse(print_filter(expr), 0) == expr


@pytest.mark.parametrize(
    "text",
    [
        *("metrics." + "1" * 16_000 + "x", "1" * 16_000 + ".x", "1." * 8_000, "1e" * 8_000, "9" * 16_000),
        *("'" * 16_001, "'" + "\\'" * 8_000, '"' + "\\" * 16_000, "`" * 16_001, "'" + "a''" * 5_000),
        *("(" * 16_000, "NOT " * 4_000, "a OR " * 3_000, "name = 'a' AND " * 1_000 + "name = 'a'"),
        *(" " * 16_000 + "!", "\x1f" * 16_000 + "\x00", "now" * 5_000, "-" * 16_000, ". " * 8_000),
        "name IN (" + "''," * 5_000 + "'')",
    ],
    ids=lambda text: text[:12].strip(),
)
def test_reading_takes_no_longer_than_the_text_is(text: str) -> None:
    assert len(text) <= LENGTH_BOUND
    began = time.thread_time()  # others of this process may compute
    for read in (lambda: parse(text, 0), lambda: tokenize(text), lambda: tokenize(text, plain=True)):
        try:
            read()
        except InvalidInput:
            continue
    assert time.thread_time() - began < 1.0


@pytest.mark.parametrize(
    "text",
    [
        "x" * (LENGTH_BOUND + 1),
        "NOT " * (DEPTH_BOUND + 1) + "name = 'a'",
        "(" * (DEPTH_BOUND + 1) + "name = 'a'" + ")" * (DEPTH_BOUND + 1),
        " AND ".join(["name = 'a'"] * 201),
    ],
    ids=["length", "nots", "parentheses", "comparisons"],
)
def test_bounds_are_told(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(text, 0)
    assert refused.value.bound is not None


def test_within_the_bounds_all_is_read() -> None:
    assert parse("(" * DEPTH_BOUND + "name = 'a'" + ")" * DEPTH_BOUND, 0) == Comparison(Attribute("name"), "=", "a")
    assert isinstance(parse(" AND ".join(["name = 'a'"] * 200), 0), And)


@given(fields())
def test_numbers_have_no_pattern(field: object) -> None:
    text = print_order(Order(field)).rsplit(" ", 1)[0]  # type: ignore[arg-type]
    numeric = text.startswith(("metrics", "min", "max", "start", "end", "created"))
    if numeric:
        with pytest.raises(InvalidInput):
            parse(f"{text} LIKE '%'", 0)
    else:
        assert parse(f"{text} LIKE '%'", 0) is not None


@pytest.mark.parametrize(
    ("text", "before_s"),
    [
        ("now", 0),
        ("now - 90s", 90),
        ("now-5m", 300),
        ("now - 2h", 7_200),
        ("now - 7d", 604_800),
        ("now - 2w", 1_209_600),
    ],
)
def test_relative_times_are_from_the_moment_of_asking(text: str, before_s: int) -> None:
    moment = 1_700_000_000 * 1_000_000
    found = parse(f"start_time > {text}", moment)
    assert isinstance(found, Comparison)
    assert found.value == moment - before_s * 1_000_000
