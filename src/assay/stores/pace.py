"""Reads that take long rest on the way, so that log calls are taken as fast as they come."""

from __future__ import annotations

import time
from collections.abc import Callable

from assay.core.pace import rest_s

LATE_S = 0.05  # over which it is found how busy the store is
LEAST_S = 0.002  # for less work nobody rests


class Pace:
    """One read's.

    Args:
        busy: How much of the time the store writes, from 0 to 1.
    """

    def __init__(self, busy: Callable[[], float]) -> None:
        self._busy = busy
        self._began_s = time.thread_time()

    def rest(self) -> None:
        """Gives way to what is written, if it has worked for long enough since it last did."""
        worked_s = time.thread_time() - self._began_s
        if worked_s < LEAST_S:
            return
        pause_s = rest_s(worked_s, self._busy())
        if pause_s > 0:
            time.sleep(pause_s)
        self._began_s = time.thread_time()
