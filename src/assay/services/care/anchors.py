"""Files of checkpoints that lie elsewhere, so that who changes the chain cannot change them with it."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass, field
from pathlib import Path

from assay.core.checkpoints import Key, Signed
from assay.core.scope import Scope
from assay.ports.aggregates import Audit
from assay.sdk.durable import sync_folder
from assay.services.care.chain_lines import (
    CHECKPOINTS_BOUND,
    checkpoint_line,
    key_line,
    read_checkpoint,
    read_key,
    read_lines,
    written,
)
from assay.wire.errors import Corrupt, TooLarge, Unavailable

NAME = "assay-checkpoints.jsonl"  # in a folder


@dataclass(slots=True)
class Anchors:
    """What files of checkpoints hold. `damaged`: lines that could not be read, such as one broken off."""

    keys: list[Key] = field(default_factory=list)
    signed: list[Signed] = field(default_factory=list)
    damaged: int = 0

    def read(self, path: Path) -> None:
        """What the file holds is here, too; an export is such a file as well.

        Raises:
            Corrupt: It holds no checkpoint.
            TooLarge: It holds too many.
            Unavailable: It cannot be read.
        """
        before = len(self.signed)
        for line in read_lines(_file(path), self._skip):
            try:
                if line.get("kind") == "key":
                    self.keys.append(read_key(line))
                elif line.get("kind") == "checkpoint":
                    self.signed.append(read_checkpoint(line))
            except (KeyError, TypeError, ValueError):
                self._skip()
            if len(self.signed) > CHECKPOINTS_BOUND:
                raise TooLarge(
                    f"{path} holds too many checkpoints",
                    field="--checkpoints",
                    bound=CHECKPOINTS_BOUND,
                    remedy="give fewer files, or the newest part of it",
                )
        if len(self.signed) == before:
            raise Corrupt(
                f"{path} holds no checkpoint", field="--checkpoints", remedy="give a file of checkpoints, or an export"
            )

    def _skip(self) -> None:
        self.damaged += 1


def _file(path: Path) -> Path:
    return path / NAME if path.is_dir() else path


def append(path: Path, audit: Audit) -> int:
    """Every checkpoint of the catalog is in the file, or in one below the folder; how many were new there.

    What the file holds stays, whatever the catalog says.

    Raises:
        Unavailable: It cannot be written.
    """
    target = _file(path)
    try:
        new = not target.exists()
        fd = os.open(target, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            size = os.fstat(fd).st_size
            held = Anchors()
            if size:
                try:
                    held.read(target)
                except Corrupt:  # begun, and broken off before its first checkpoint
                    held = Anchors()
            data, count = _missing(audit, held)
            if size and os.pread(fd, 1, size - 1) != b"\n" and data:
                data = b"\n" + data  # behind a line that was broken off
            left = memoryview(data)
            while left:
                left = left[os.write(fd, left) :]
            os.fsync(fd)
        finally:
            os.close(fd)
        if new:
            sync_folder(target.parent)
    except OSError as error:
        raise Unavailable(
            f"The checkpoints cannot be written to {target}: {error.strerror}",
            field="ASSAY_CHECKPOINTS",
            remedy="make the place writable, or name another; what is missing there is written next time",
        ) from error
    return count


def _missing(audit: Audit, held: Anchors) -> tuple[bytes, int]:
    ids, known = {key.id for key in held.keys}, {signed.checkpoint for signed in held.signed}
    lines = [written(key_line(key)) for key in audit.public_keys() if key.id not in ids]
    every = (signed for id in audit.workspaces() for signed in audit.checkpoints(Scope(id)))
    fresh = [written(checkpoint_line(signed)) for signed in every if signed.checkpoint not in known]
    return b"".join(lines + fresh), len(fresh)
