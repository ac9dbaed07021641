"""From memory or by SQL: the same page, the same token, after any sequence of changes of every kind."""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from search.changing import KINDS, RUNS, Changing

from assay.core.search.ast import Attribute, Comparison, DatasetField, Like, Metric, Order, Param, Tag
from assay.core.tracking import View
from assay.testing.house import House
from assay.testing.strategies import orders, predicates, trees
from assay.wire.errors import InvalidInput

UID = Attribute("uid")
QUERY = st.tuples(
    st.none() | trees(predicates(), max_leaves=5),
    orders(),
    st.sampled_from([1, 3, 50]),
    st.sampled_from([View.ACTIVE, View.ACTIVE, View.DELETED, View.ALL]),
)


def test_memory_answers_as_sql_does(store: Any, examples: int) -> None:
    numbers = itertools.count()

    @settings(max_examples=examples, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(st.integers(0, 1 << 30), st.lists(st.tuples(st.integers(1, 4), QUERY), min_size=1, max_size=6))
    def run(seed: int, steps: list[tuple[int, Any]]) -> None:
        next(numbers)
        changing = Changing(store, seed)
        for changes, query in steps:
            for _ in range(changes):
                changing.change()
            changing.compare(query)

    before = store.projections.served
    run()
    assert store.projections.served >= before + next(numbers) / 2  # some ask what only SQL answers


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_change_is_seen_at_once(store: Any, kind: str) -> None:
    """Columns of every field are loaded; then only this kind of change happens, again and again."""
    changing = Changing(store, KINDS.index(kind))
    for _ in range(3 * RUNS):
        changing.change()
    for _ in range(4):
        for query in changing.queries():
            before = store.projections.served
            changing.compare(query)
            assert store.projections.served > before
        changing.change(kind)
    for query in changing.queries():
        changing.compare(query)


@pytest.mark.parametrize(
    "where",
    [
        Comparison(DatasetField("name"), "=", "iris"),
        Comparison(Metric(None), ">", 0.0),
        Comparison(Metric("m"), ">", 1 << 60),
        Like(Attribute("uid"), "a%", case_sensitive=True),
        Comparison(Attribute("start_us"), ">", 0.5),
    ],
)
def test_what_memory_does_not_hold_is_answered_by_sql(house: House, where: Any) -> None:
    house.log(house.run("a", start_us=1), "m", [1.0])
    before = house.store.projections.served  # type: ignore[attr-defined]
    house.runs.search(house.scope, [house.experiment_id], where=where, order=[Order(Attribute("name"))])
    assert house.store.projections.served == before  # type: ignore[attr-defined]
    house.runs.search(house.scope, [house.experiment_id], order=[Order(Attribute("name"))])
    assert house.store.projections.served == before + 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_text_that_no_store_holds_is_answered_as_by_sql(house: House, text: str) -> None:
    house.run("a")
    for where in (Comparison(Param(text), "=", "x"), Comparison(Tag("t"), "<", text), Comparison(UID, "=", text)):
        with suppress(InvalidInput):
            assert not house.runs.search(house.scope, [house.experiment_id], where=where).items
    with suppress(InvalidInput):
        found = house.runs.search(house.scope, [house.experiment_id], order=[Order(Metric(text))])
        assert len(found.items) == 1


def test_a_run_whose_uid_has_another_form_leaves_searches_to_sql(house: House) -> None:
    house.run("short")
    house.run("long", uid="x" * 40)
    found = house.runs.search(house.scope, [house.experiment_id], order=[Order(Attribute("name"))])
    assert [item.run.name for item in found.items] == ["long", "short"]
