"""The home folder: who holds it, where its parts lie, and the address it leaves for clients on this account."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from assay.wire.errors import Unavailable


def default_home() -> Path:
    """`ASSAY_HOME`, else `~/.assay`."""
    return Path(os.environ.get("ASSAY_HOME") or Path.home() / ".assay")


class Home:
    """A folder that one server at a time holds, mode 0700."""

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unavailable(
                f"The home {root} cannot be used: {error.strerror}",
                field="home",
                remedy="choose a writable folder with --home, or set ASSAY_HOME",
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise Unavailable(
                f"Another server holds the home {root}",
                field="home",
                remedy="use that server, stop it, or choose another --home",
            ) from error

    @property
    def database(self) -> Path:
        """The catalog and the points."""
        return self.root / "assay.db"

    @property
    def files(self) -> Path:
        """The bytes of files."""
        return self.root / "files"

    def announce(self, address: str) -> None:
        """Leaves the server's address for the commands of this account."""
        (self.root / "address").write_text(address)

    def release(self) -> None:
        """Nobody holds the home."""
        (self.root / "address").unlink(missing_ok=True)
        os.close(self._lock)


def address_of(root: Path) -> str | None:
    """The address of the server that holds this home, if it left one."""
    try:
        return (root / "address").read_text().strip()
    except OSError:
        return None
