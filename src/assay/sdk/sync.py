"""Sends what dead processes left in a home's journals, and forgets what the server has."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assay.sdk.journal.journal import LOCK, alive
from assay.sdk.outbox import Folder
from assay.sdk.records import BEGUN
from assay.sdk.sender import Sender


def left_runs(home: Path) -> list[Path]:
    """The folders of runs that hold journals, those that were touched first first."""
    return _by_age(path for path in (home / "journal").glob("*") if writers(path))


def writers(run: Path) -> list[Path]:
    """The folders of the processes that wrote to the run, in the order in which they began: the last word counts."""
    return [path.parent for path in _by_age(run.glob(f"*/{LOCK}"))]


def _by_age(paths: Iterable[Path]) -> list[Path]:
    """Those that are still there."""
    found: list[tuple[int, Path]] = []
    for path in paths:
        with suppress(OSError):  # somebody else has just sent it
            found.append((path.stat().st_mtime_ns, path))
    return [path for _, path in sorted(found)]


@dataclass(frozen=True)
class Left:
    """How many journals of a run are still here: of processes that live, or that could not be sent."""

    alive: int
    failed: int


def bytes_left(home: Path) -> int:
    """How much lies in the home's journals."""
    found = 0
    for path in (home / "journal").glob("*/*/*"):
        with suppress(OSError):  # it is being sent
            found += path.stat().st_size
    return found


def sync_run(
    run: Path,
    url: str,
    token: Callable[[], str | None],
    tell: Callable[[str], None],
    forgot: Callable[[], object] = lambda: None,
) -> Left:
    """What is left of the run after the server has got all that dead processes had logged; what it has is deleted here.

    Args:
        run: The run's folder.
        url: The server.
        token: Tells who sends.
        tell: Told why something could not be sent.
        forgot: Called each time that a part has arrived.
    """
    living = failed = 0
    for folder in writers(run):
        try:
            if alive(folder):
                living += 1
                continue
            if (folder / BEGUN).exists():  # else its process died before it logged anything
                Sender(run.name, Folder(folder, forgot), url, token, lambda text: tell(f"{run.name}: {text}")).send()
            shutil.rmtree(folder, ignore_errors=True)
        except FileNotFoundError:  # somebody else has just sent it
            continue
        except Exception as error:  # noqa: BLE001 -- one journal must not keep the others here
            tell(f"{run.name}: {error}")
            failed += 1
    if not living and not failed:
        with suppress(OSError):  # another process may just begin
            run.rmdir()
    return Left(living, failed)
