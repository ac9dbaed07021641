"""W&B's run folders on the disk: where their logs and files are, and whether they may have changed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from assay.exchange.source import LocalFile
from assay.wire.errors import InvalidInput

LIVES_S = 600.0  # after its last record; a program that lives writes system metrics every 15 s


@dataclass(slots=True)
class Log:
    """One log, as its first records introduce it."""

    path: Path
    id: str
    entity: str
    project: str
    start_us: int


def logs_at(path: Path) -> Iterator[Path]:
    """The logs at a path. Beside a single run's, those of its other folders: it may have been resumed."""
    if not path.exists():
        raise InvalidInput(f"{path} does not exist", field="PATH", remedy="give a wandb folder, or run folders in it")
    if path.is_file():
        found = [path]
    else:
        found = []
        for folder, folders, names in os.walk(path):
            logs = [Path(folder, name) for name in names if name.startswith("run-") and name.endswith(".wandb")]
            found += logs
            folders[:] = [] if logs else sorted(name for name in folders if not name.startswith("."))
    found = [log for log in found if log.is_file()]  # whoever opens a pipe waits for ever
    if not found:
        raise InvalidInput(
            f"{path} holds no run of W&B", field="PATH", remedy="give a folder with offline-run-* or run-* folders"
        )
    for log in found:
        yield log
        if path in (log, log.parent):
            yield from log.resolve().parent.parent.glob(f"*run-*/{escape(log.name)}")


def files_of(log: Log) -> Iterator[LocalFile]:
    """The files of a run folder, in order. Links to files count (`run.save` makes them), links to folders do not."""
    root = log.path.parent / "files"
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            place = Path(folder, name)
            yield LocalFile(place.relative_to(root).as_posix(), place)


def leads_out(place: Path, log: Log) -> bool:
    """Whether the file is a link out of the folder that the `wandb` folder lies in."""
    if not place.is_symlink():
        return False
    try:
        return not place.resolve().is_relative_to(log.path.parents[2])
    except (OSError, RuntimeError, IndexError):  # a ring of links
        return True


def may_live(path: Path) -> bool:
    """Whether a program may still be writing the log."""
    try:
        return time.time() - path.stat().st_mtime < LIVES_S
    except OSError:
        return False
