"""A store's house-keeping: chores that one thread does every few seconds until the store closes."""

from __future__ import annotations

import threading
from collections.abc import Callable

EVERY_S = 5.0


class Upkeep:
    """Starts at once; a chore that fails (a full disk, a database away) is tried again in the next round."""

    def __init__(self, *chores: Callable[[], object]) -> None:
        self._chores = chores
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="assay-upkeep", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            for chore in self._chores:
                try:
                    chore()
                except Exception:  # noqa: BLE001, S112 -- one that fails must not end the others
                    continue

    def close(self) -> None:
        """Returns when the round at hand is over."""
        self._stop.set()
        self._thread.join()
