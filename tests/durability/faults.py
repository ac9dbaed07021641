"""A disk that loses what was not synchronised, fills up, or turns read-only: see fault.c."""

from __future__ import annotations

import errno
import os
import random
import shutil
import stat
import struct
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).with_name("fault.c")
HERE = sys.platform == "linux"
WHY = "fault.c preloads into glibc's calls: Linux only"


def build(folder: Path) -> Path:
    """The library, built into the folder."""
    made = folder / "fault.so"
    command = [sys.executable, "-m", "ziglang", "cc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"]
    env = {**os.environ, "ZIG_LOCAL_CACHE_DIR": str(folder / "zig")}
    subprocess.run([*command, "-o", made, SOURCE, "-ldl", "-lpthread"], check=True, env=env)
    return made


class Disk:
    """A folder as a disk: what processes run with `env` do to it is lost at a power cut, unless they synchronised it.

    Args:
        library: What `build` made.
        folder: What lies on the disk; it is made, and what it holds is durable.
        beside: Where the durable state is kept, on the same file system.
    """

    def __init__(self, library: Path, folder: Path, beside: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.resolve()
        self._shadow = beside.resolve() / "shadow"
        self._control = beside.resolve() / "control"
        beside.mkdir(parents=True, exist_ok=True)
        self.mend()
        self.env = {
            "LD_PRELOAD": str(library),
            "ASSAY_FAULT_FOLDER": str(self.folder),
            "ASSAY_FAULT_SHADOW": str(self._shadow),
            "ASSAY_FAULT_CONTROL": str(self._control),
        }
        self.keep()

    def fill(self, room: int = 0) -> None:
        """The disk is full after so many bytes more."""
        self._set(errno.ENOSPC, room)

    def freeze(self) -> None:
        """The disk is read-only."""
        self._set(errno.EROFS, 0)

    def mend(self) -> None:
        """The disk takes writes again."""
        self._set(0, 0)

    def _set(self, error: int, room: int) -> None:
        if not self._control.exists():
            self._control.write_bytes(bytes(16))
        with self._control.open("r+b", buffering=0) as file:  # mapped by the processes: never replaced
            file.write(struct.pack("=qq", error, room))

    def keep(self) -> None:
        """All that the folder holds now is durable; for after changes made without `env`, while nobody writes."""
        shutil.rmtree(self._shadow, ignore_errors=True)
        for name in ("files", "folders", "pins"):
            (self._shadow / name).mkdir(parents=True)
        for root, folders, files in os.walk(self.folder):
            lines = []
            for name in (*folders, *files):
                status = os.lstat(Path(root, name))
                lines.append(f"{status.st_ino} {status.st_mode:o} {name}\n")
                if stat.S_ISREG(status.st_mode):
                    shutil.copyfile(Path(root, name), self._shadow / "files" / str(status.st_ino))
                    os.link(Path(root, name), self._shadow / "pins" / str(status.st_ino))
            (self._shadow / "folders" / str(os.stat(root).st_ino)).write_text("".join(lines))

    def cut_power(self, chance: random.Random | None = None) -> None:
        """The folder holds what a power cut leaves; all processes on it must be dead.

        Without `chance` all is lost that was not synchronised. With it, each file and each folder is as it was last
        synchronised or as it was last seen: a disk may also write what nobody waited for, and in any order.
        """
        left = self._shadow / "left"
        self._leave(os.stat(self.folder).st_ino, self.folder, left, chance)
        shutil.copymode(self.folder, left)
        shutil.rmtree(self.folder)
        left.rename(self.folder)
        self.keep()

    def _leave(self, inode: int, seen: Path | None, to: Path, chance: random.Random | None) -> None:
        to.mkdir()
        known = self._shadow / "folders" / str(inode)
        lines = known.read_text().splitlines() if known.exists() else []
        names = {name: (int(number), int(mode, 8)) for number, mode, name in (line.split(" ", 2) for line in lines)}
        if chance is not None and seen is not None and seen.exists() and chance.random() < 0.5:
            status = {path.name: path.lstat() for path in seen.iterdir()}
            names = {name: (status[name].st_ino, status[name].st_mode) for name in sorted(status)}
        for name, (number, mode) in names.items():
            target = to / name
            if stat.S_ISDIR(mode):
                self._leave(number, None if seen is None else seen / name, target, chance)
            else:
                durable, cached = self._shadow / "files" / str(number), self._shadow / "pins" / str(number)
                late = chance is not None and cached.exists() and chance.random() < 0.5
                source = cached if late else durable
                target.write_bytes(source.read_bytes() if source.exists() else b"")
            target.chmod(stat.S_IMODE(mode))
