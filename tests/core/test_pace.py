"""How much of the time somebody has worked of late."""

from __future__ import annotations

from assay.core.pace import REST, Share, rest_s


class Clock:
    """A time, and how long was worked, that the test sets."""

    now_s = 100.0
    worked_s = 7.0


def share_of(clock: Clock) -> Share:
    """A share over at least two seconds."""
    return Share(lambda: clock.worked_s, lambda: clock.now_s, 2.0)


def test_it_is_what_was_worked_since_it_was_last_asked() -> None:
    clock = Clock()
    share = share_of(clock)
    assert share() == 0.0, "what was before it began does not count"
    clock.now_s, clock.worked_s = 104.0, 8.0
    assert share() == 0.25
    clock.now_s = 106.0
    assert share() == 0.0


def test_it_stays_for_a_while_and_is_never_more_than_all() -> None:
    clock = Clock()
    share = share_of(clock)
    clock.now_s, clock.worked_s = 101.9, 8.0
    assert share() == 0.0
    clock.now_s, clock.worked_s = 102.0, 17.0  # one long piece of work is told at its end
    assert share() == 1.0
    clock.now_s = 103.0
    assert share() == 1.0


def test_a_read_rests_in_proportion() -> None:
    assert rest_s(1.0, 0.0) == 0.0
    assert rest_s(1.0, 1.0) == REST
    assert rest_s(2.0, 0.5) == REST
    assert rest_s(1.0, 0.5, readers=4) == 2 * REST
