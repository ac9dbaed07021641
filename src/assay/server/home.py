"""The home folder as its server has it: who holds it, where its parts lie, what it keeps for clients on this account.

Whoever can read the home's token may govern. So the folder is its owner's alone, and so is the token's file.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import stat
from pathlib import Path

from assay.sdk.durable import make_folder, write_file
from assay.sdk.home import ADDRESS_FILE, TOKEN_FILE, read_token
from assay.wire.errors import Unavailable

log = logging.getLogger(__name__)


class Home:
    """A folder that one server at a time holds, mode 0700.

    Raises:
        Unavailable: It cannot be used, or another server holds it.
        PermissionDenied: Its token is not a secret.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            make_folder(root)
            _tighten(root)
            self._lock = os.open(root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unavailable(
                f"The home {root} cannot be used: {error.strerror}",
                field="home",
                remedy="choose a writable folder of your own with --home, or set ASSAY_HOME",
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
        try:
            self.token()  # what is wrong with it is said before anything is served
        except BaseException:
            os.close(self._lock)
            raise

    @property
    def database(self) -> Path:
        """The catalog and the points."""
        return self.root / "assay.db"

    @property
    def files(self) -> Path:
        """The bytes of files."""
        return self.root / "files"

    def token(self) -> str:
        """The home's token, made the first time.

        Raises:
            PermissionDenied: Others can read its file, or it holds no token.
            Unavailable: The file cannot be written.
        """
        try:
            if not os.path.lexists(self.root / TOKEN_FILE):
                write_file(self.root / TOKEN_FILE, f"assay-{secrets.token_urlsafe(32)}\n".encode())
        except OSError as error:
            raise Unavailable(
                f"The home's token cannot be written: {error.strerror}",
                field="home",
                remedy="free space or mend the permissions of the home, then start again",
            ) from error
        return read_token(self.root)

    def announce(self, address: str) -> None:
        """Leaves the server's address for the commands of this account."""
        (self.root / ADDRESS_FILE).write_text(address)

    def release(self) -> None:
        """Nobody holds the home."""
        (self.root / ADDRESS_FILE).unlink(missing_ok=True)
        os.close(self._lock)


def _tighten(root: Path) -> None:
    """Nobody but its owner can look into the folder. Raises Unavailable for a folder that many share."""
    mode = stat.S_IMODE(root.stat().st_mode)
    if mode & stat.S_ISVTX:  # such as /tmp: taking it from everybody else would break their programs
        raise Unavailable(
            f"The home {root} is a folder that many share",
            field="home",
            remedy="choose a folder of its own, such as one below it",
        )
    if mode & 0o077:
        root.chmod(0o700)
        log.warning("The home %s was open to others (mode %04o); its mode is 0700 now", root, mode)
