"""How long reads give way to writes.

Threads of one interpreter share it evenly. Without a rest, who reads one long history after the other has what a busy
writer needs: at half of the most that is taken without readers, 5 of 8 log calls were taken beside one, seconds late.
"""

from __future__ import annotations

from collections.abc import Callable

REST = 5.0  # times as long as it worked a read rests while the store writes all the time


def rest_s(worked_s: float, busy: float, readers: int = 1) -> float:
    """How many seconds a read rests.

    Args:
        worked_s: For how many seconds of a processor it has worked since its last rest.
        busy: How much of the time the store writes, from 0 to 1.
        readers: How many such reads there are: together they work no more than one would.
    """
    return worked_s * REST * busy * readers


class Share:
    """How much of the time somebody has worked of late.

    Args:
        worked_s: For how many seconds they have since the start.
        now_s: The time.
        over_s: How many seconds "of late" is, at least.
    """

    __slots__ = ("_now_s", "_over_s", "_seen", "_share", "_worked_s")

    def __init__(self, worked_s: Callable[[], float], now_s: Callable[[], float], over_s: float) -> None:
        self._worked_s, self._now_s, self._over_s = worked_s, now_s, over_s
        self._seen = (now_s(), worked_s())
        self._share = 0.0

    def __call__(self) -> float:
        """Between 0 and 1."""
        now_s, (seen_s, before_s) = self._now_s(), self._seen
        if now_s - seen_s >= self._over_s:
            worked_s = self._worked_s()
            self._seen = (now_s, worked_s)
            self._share = min(1.0, (worked_s - before_s) / (now_s - seen_s))
        return self._share
