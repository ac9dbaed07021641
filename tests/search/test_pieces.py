"""The parts of a projection against plain Python: patterns, sorted texts, the first of many, and who is told what."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.search.ast import Attribute, Order
from assay.stores.projection.columns import Name, Numbers, Texts, put
from assay.stores.projection.dictionary import Dictionary
from assay.stores.projection.marks import Flights, Listener
from assay.stores.projection.order import first, keys_of
from assay.stores.projection.patterns import Packed, matcher
from assay.testing.evaluator import like
from assay.testing.strategies import SOME_PATTERN, SOME_TEXT, TEXT

FEW = st.text("ab%_é\n", max_size=8)
SOME = st.lists(SOME_TEXT | TEXT | FEW, max_size=30)


@pytest.fixture
def nothing_failed() -> None:
    """There is no store here."""


@given(SOME, SOME_PATTERN | FEW | TEXT, st.booleans())
def test_patterns_match_what_they_say(texts: list[str], pattern: str, case_sensitive: bool) -> None:
    expected = [like(text, pattern, case_sensitive=case_sensitive) for text in texts]
    test = matcher(pattern, case_sensitive=case_sensitive)
    assert [test(text) for text in texts] == expected
    assert Packed(texts).matches(pattern, case_sensitive=case_sensitive).tolist() == expected


def test_a_pattern_of_many_parts_takes_no_time_for_ever() -> None:
    """One that goes back and forth would not end: there are too many ways to part the text."""
    pattern = "%a" * 2_000 + "%b"
    assert not matcher(pattern, case_sensitive=True)("a" * 8_000)
    assert not Packed(["a" * 8_000] * 10).matches(pattern, case_sensitive=True).any()


@given(st.lists(SOME, min_size=1, max_size=6), SOME_TEXT | FEW)
def test_ranks_are_in_the_order_of_bytes(parts: list[list[str]], asked: str) -> None:
    dictionary = Dictionary()
    for part in parts:
        for text in part:
            dictionary.code(text)
        place = dictionary.place(asked)
        ranks = dictionary.ranks()
        by_rank = sorted(dictionary.texts, key=lambda text: ranks[dictionary.find(text)])
        assert by_rank == sorted(dictionary.texts, key=str.encode)
        for text in dictionary.texts:
            rank = ranks[dictionary.find(text)]
            assert (rank < place, rank == place) == (text.encode() < asked.encode(), text == asked)


def test_ranks_stay_apart_when_all_new_texts_fall_between_two() -> None:
    dictionary = Dictionary()
    for text in ("a", "b"):
        dictionary.code(text)
    for length in range(1, 300):
        dictionary.code("a" + "A" * (300 - length))
        ranks = dictionary.ranks()
        assert len(set(ranks.tolist())) == len(dictionary)


@given(st.lists(st.tuples(st.text("ab", max_size=2), st.booleans()), max_size=12), st.text("ab%_", max_size=4))
def test_matches_are_those_of_the_texts_at_hand(texts: list[tuple[str, bool]], pattern: str) -> None:
    dictionary = Dictionary()
    for text, is_asked in texts:
        dictionary.code(text)
        if is_asked:
            found = dictionary.matches(pattern, case_sensitive=True).tolist()
            assert found == [like(text, pattern, case_sensitive=True) for text in dictionary.texts]


@pytest.mark.parametrize("distinct", [2, 1_000, 10**9])
@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("count", [1, 101, 10_001])
def test_the_first_of_many_are_those_of_a_whole_sort(distinct: int, down: bool, count: int) -> None:
    rng = np.random.default_rng(distinct)
    size = 200_000
    start, value = Numbers(size, np.int64), Numbers(size, np.int64)
    everyone = np.arange(size)
    put(start, everyone, (np.arange(size) // 3).tolist())
    put(value, everyone, rng.integers(0, distinct, size).tolist())
    value.clear(everyone[rng.random(size) < 0.5])
    text = Texts(size)
    put(text, everyone, [f"{number % 7}" for number in range(size)])
    uids = np.array([f"{number:08x}".encode() for number in rng.permutation(size)], "S32")
    columns = {Name("attribute", "end_us"): value, Name("attribute", "name"): text}
    order = [Order(Attribute("end_us"), down), Order(Attribute("name"), not down)]
    found = first(keys_of(order, columns, start, uids), everyone, count)
    by_value = -value.values if down else value.values
    by_text = text.dictionary.ranks()[text.codes]
    levels = (uids, -start.values, by_text if down else -by_text, by_value, ~value.present)
    assert found.tolist() == np.lexsort(levels)[:count].tolist()


def test_who_listens_is_told_of_flights_that_began_before() -> None:
    flights, listener = Flights(), Listener()
    with flights.flight() as touched:
        touched.heads.add(1)
        flights.listen(listener)
        assert flights.flying().heads == {1}
        assert listener.held().heads == set()
    assert flights.flying().heads == set()
    assert listener.take().heads == {1}
    assert listener.take().heads == set()
    flights.leave(listener)
    with flights.flight() as touched:
        touched.points.add(2)
    assert listener.take().points == set()


def test_a_change_is_always_in_flight_or_told() -> None:
    """Whoever looks at what is held first and at what flies then, misses none."""
    flights, listener = Flights(), Listener()
    flights.listen(listener)
    started, stop = threading.Event(), threading.Event()
    written: list[int] = []

    def write() -> None:
        for number in range(20_000):
            with flights.flight() as touched:
                touched.points.add(number)
                written.append(number)
            if stop.is_set():
                return
            started.set()

    thread = threading.Thread(target=write)
    thread.start()
    started.wait()
    told: set[int] = set()
    for _ in range(300):
        told |= listener.take().points
        known = len(written)
        seen = flights.flying().points | listener.held().points | told
        assert set(random.sample(range(known), min(known, 50))) | {known - 1} <= seen
    stop.set()
    thread.join()
