"""House-keeping: chores that one thread does again and again, until it is closed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable

from assay.wire.errors import Corrupt, TooLarge

log = logging.getLogger(__name__)


def settle_each(owner_ids: Iterable[int], settle: Callable[[int], bool], damaged: set[int]) -> int:
    """Settles the owners; how many had need. One whose points are damaged is told of once and stops no other.

    Args:
        owner_ids: Whom to settle.
        settle: Settles one, and says whether there was need.
        damaged: Of whom it was told; they are added here.
    """
    count = 0
    for owner_id in owner_ids:
        try:
            count += settle(owner_id)
        except (Corrupt, TooLarge) as error:
            if owner_id not in damaged:
                damaged.add(owner_id)
                log.warning("Owner %d cannot be compacted: %s. See: assay doctor", owner_id, error)
    return count


class Upkeep:
    """Starts at once; a chore that fails (a full disk, a database away) is tried again in the next round."""

    def __init__(self, every_s: float, *chores: Callable[[], object]) -> None:
        self._every_s = every_s
        self._chores = chores
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="assay-upkeep", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            for chore in self._chores:
                try:
                    chore()
                except Exception as error:  # noqa: BLE001 -- one that fails must not end the others
                    log.warning("House-keeping failed and will be tried again: %s", error)

    def close(self, *, wait: bool = True) -> None:
        """No round begins any more; returns when the one at hand is over, unless told not to wait for it."""
        self._stop.set()
        if wait:
            self._thread.join()
