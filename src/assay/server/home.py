"""The home folder: who holds it, where its parts lie, and what it keeps for clients on this account.

Whoever can read the home's token may govern. So the folder is its owner's alone, and so is the token's file.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import secrets
import stat
from pathlib import Path

from assay.sdk.durable import make_folder, write_file
from assay.wire.errors import InvalidInput, PermissionDenied, Unavailable

log = logging.getLogger(__name__)

TOKEN = re.compile(r"assay-[A-Za-z0-9_-]{43}\Z")
TOKEN_FILE = "token"  # noqa: S105 -- a file's name


def default_home() -> Path:
    """`ASSAY_HOME`, else `~/.assay`."""
    return Path(os.environ.get("ASSAY_HOME") or Path.home() / ".assay")


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
        (self.root / "address").write_text(address)

    def release(self) -> None:
        """Nobody holds the home."""
        (self.root / "address").unlink(missing_ok=True)
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


def read_token(root: Path) -> str:
    """The token of the home, for whoever may read it.

    Raises:
        PermissionDenied: There is none, it is another account's, others can read it, or it is no token.
    """
    path = root / TOKEN_FILE
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise PermissionDenied(
            f"The home's token {path} cannot be read: {error.strerror}",
            field="token",
            remedy="run this on the server's own account, or set ASSAY_TOKEN",
        ) from error
    try:
        found = os.fstat(fd)
        mode = stat.S_IMODE(found.st_mode)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or mode & 0o077:
            raise PermissionDenied(
                f"The home's token {path} can be read by others, or is not your file (mode {mode:04o})",
                field="token",
                remedy="others may know it: delete the file and restart the server, which makes a new one",
            )
        text = os.read(fd, 200).decode("ascii", "replace").strip()
    finally:
        os.close(fd)
    if not TOKEN.match(text):
        raise PermissionDenied(
            f"The file {path} holds no token",
            field="token",
            remedy="delete the file and restart the server, which makes a new one",
        )
    return text


def address_of(root: Path) -> str | None:
    """The address of the server that holds this home, if it left one."""
    try:
        return (root / "address").read_text().strip()
    except OSError:
        return None


def is_held(root: Path) -> bool:
    """Whether a server holds this home now. The address that a dead one left may be somebody else's by now."""
    try:
        fd = os.open(root / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(fd)


def token_for(url: str, root: Path) -> str | None:
    """What proves to the server at this address who speaks, if anything may be told it.

    `ASSAY_TOKEN`, else the token of the home `root`: that is told to nobody but the server that holds the home.

    Raises:
        InvalidInput: ASSAY_TOKEN holds no token.
        PermissionDenied: The home's token is not in order.
    """
    if given := os.environ.get("ASSAY_TOKEN", "").strip():
        if not TOKEN.match(given):
            raise InvalidInput(
                "ASSAY_TOKEN holds no token", field="ASSAY_TOKEN", remedy="copy the whole file `token` of the home"
            )
        return given
    if url.rstrip("/") != address_of(root) or not is_held(root):
        return None
    return read_token(root)
