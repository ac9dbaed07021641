"""What runs without a server left in the home: the next server on it sends that to itself."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

from assay.sdk.home import address_of, token_for

log = logging.getLogger(__name__)


class Pickup:
    """A chore: journals whose processes have ended are sent. What cannot be sent is told of once, and stays.

    Args:
        root: The home, whose server has left its address there.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._told: set[str] = set()

    def __call__(self) -> None:
        """Sends what is there now."""
        from assay.sdk.sync import left_runs, sync_run  # noqa: PLC0415 -- a server starts faster without it

        runs = left_runs(self._root)
        url = address_of(self._root)
        if url is None:
            return
        for run in runs:
            sync_run(run, url, partial(token_for, url, self._root), self._tell)

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            log.warning("A run's journal cannot be sent: %s", text)
