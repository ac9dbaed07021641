"""Which passwords are taken, how failures lock, and how often may be tried."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.guesses import PLACE_EVERY_S, PLACE_TRIES, PLACES_BOUND, SERVER_TRIES, Guesses
from assay.core.passwords import LEAST, MOST, check, locked_for_us
from assay.services.hashing import Hasher
from assay.wire.errors import InvalidInput


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short but 1",
        "x" * (MOST + 1),
        "a" * 40,
        "abcabcabcabcabcabc",
        "PasswordPassword",
        "Password1234",
        "qwertyuiop12",
        "ada-lovelace",
        "Ada-Lovelace1815",
        "a long one with a \0 in it",
        "a long one with a \n in it",
        "a long one with a \ud800 in it",
    ],
)
def test_what_somebody_would_try_first_is_refused(password: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check(password, "ada-lovelace")
    assert refused.value.field == "password"
    assert refused.value.remedy
    assert not password or password not in str(refused.value)


@pytest.mark.parametrize(
    "password", ["correct horse battery", "Tr0ub4dor&3-xkcd", "ünïcode wörds too", "ada-lovelace is my hero"]
)
def test_others_are_taken(password: str) -> None:
    assert check(password, "ada-lovelace") == password


def test_a_password_is_one_however_it_is_composed() -> None:
    assert check("cafe\u0301 au lait ole\u0301", "ada") == check("caf\u00e9 au lait ol\u00e9", "ada")


@given(st.text(max_size=MOST + 10), st.text(max_size=100))
def test_a_password_is_taken_or_refused_and_no_more(password: str, name: str) -> None:
    with suppress(InvalidInput):
        assert LEAST <= len(check(password, name)) <= MOST


def test_failures_lock_for_longer_each_time() -> None:
    seconds = [locked_for_us(failures) / 1e6 for failures in range(13)]
    assert seconds == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 900, 900, 900]


def test_a_place_has_its_tries_and_they_come_back() -> None:
    guesses = Guesses()
    assert [guesses.take("a", 1e6) for _ in range(PLACE_TRIES)] == [0.0] * PLACE_TRIES
    assert guesses.take("a", 1e6) == PLACE_EVERY_S
    assert guesses.take("b", 1e6) == 0.0
    assert guesses.take("a", 1e6 + PLACE_EVERY_S - 1) == pytest.approx(1.0)
    assert guesses.take("a", 1e6 + PLACE_EVERY_S) == 0.0
    assert guesses.take("a", 1e6 + PLACE_EVERY_S) > 0
    guesses.give_back("a")
    assert guesses.take("a", 1e6 + PLACE_EVERY_S) == 0.0


def test_many_places_together_have_no_more_than_the_server() -> None:
    guesses = Guesses()
    taken = sum(guesses.take(f"place {n}", 5.0) == 0.0 for n in range(SERVER_TRIES + 50))
    assert taken == SERVER_TRIES
    assert guesses.take("yet another", 6.0) == 0.0
    for n in range(PLACES_BOUND + 100):
        guesses.take(f"other {n}", 7.0)
    assert len(guesses._places) == PLACES_BOUND


def test_a_password_of_nobody_costs_the_same_work() -> None:
    """The text that stands for nobody asks for what a stored one does, and nothing fits it."""
    hasher = Hasher()
    stored = hasher.hash("correct horse battery")
    assert hasher.verify(stored, "correct horse battery")
    assert not hasher.verify(stored, "correct horse batterz")
    assert not hasher.verify(None, "correct horse battery")
    assert [len(part) for part in hasher._nobody.split("$")] == [len(part) for part in stored.split("$")]
    assert hasher._nobody.split("$")[:4] == stored.split("$")[:4]
    assert not hasher.verify("no argon2 text", "correct horse battery")
