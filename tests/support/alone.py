"""A test that measures a promise about an idle machine has it to itself: the other workers wait meanwhile."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(tempfile.gettempdir())


@contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """A test's turn, beside those of the other workers of this run, or alone.

    Who wants to be alone holds the gate while those at work end, so that nobody else begins.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if run is None:  # there is one worker
        yield
        return
    with (FOLDER / f"assay-gate-{run}").open("w") as gate, (FOLDER / f"assay-work-{run}").open("w") as work:
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(work, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield
