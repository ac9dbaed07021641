"""The server's key: a file of the home, or where an operator put it. What it signs is checked by anybody.

Whoever can read it can sign checkpoints of the audit chain. So it is best kept where neither the database's nor the
files' backups are.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from assay.ports.catalogs import Fault
from assay.sdk.durable import write_file
from assay.services.signing import Ed25519
from assay.wire.errors import AssayError, InvalidInput, InvalidState, PermissionDenied, Unavailable

KEY = re.compile(r"assay-key-[A-Za-z0-9_-]{43}\Z")
KEY_FILE = "server-key"
READ_BOUND = 200


class ServerKeys:
    """See `assay.ports.signing.Keyring`. `ASSAY_SERVER_KEY`, else `ASSAY_SERVER_KEY_FILE`, else the home's file."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def path(self) -> Path:
        """Where the key lies, unless the environment holds it."""
        return Path(os.environ.get("ASSAY_SERVER_KEY_FILE") or self._root / KEY_FILE)

    def signer(self) -> Ed25519:
        """The key that signs now; in a file it is made the first time.

        Raises:
            InvalidInput: ASSAY_SERVER_KEY holds no key.
            PermissionDenied: Others can read the file, or it holds no key.
            Unavailable: The file cannot be written.
        """
        if given := os.environ.get("ASSAY_SERVER_KEY", "").strip():
            if not KEY.match(given):
                raise InvalidInput(
                    "ASSAY_SERVER_KEY holds no key",
                    field="ASSAY_SERVER_KEY",
                    remedy="give assay-key- and 43 signs, as in a file server-key, or leave it unset",
                )
            return Ed25519(given.encode())
        path = self.path
        if not os.path.lexists(path):
            _write(path, _new())
        return Ed25519(_read(path).encode())

    def replace(self) -> tuple[Ed25519, Callable[[], None]]:
        """A new key, and what puts it into the file.

        Raises:
            InvalidState: The key is in the environment.
        """
        if os.environ.get("ASSAY_SERVER_KEY", "").strip():
            raise InvalidState(
                "The key is set by ASSAY_SERVER_KEY, which no command can change",
                field="ASSAY_SERVER_KEY",
                remedy="set another key there and restart every server; tell auditors its public half",
            )
        path, text = self.path, _new()
        return Ed25519(text.encode()), lambda: _write(path, text)


def faults_of(root: Path) -> Iterator[Fault]:
    """What is wrong with the server's key, if there is one; none is made."""
    keys = ServerKeys(root)
    try:
        if os.environ.get("ASSAY_SERVER_KEY", "").strip() or os.path.lexists(keys.path):
            keys.signer()
    except AssayError as error:
        yield Fault("key", str(error.field), f"{error.message}: {error.remedy}")


def _new() -> str:
    return f"assay-key-{secrets.token_urlsafe(32)}"


def _write(path: Path, text: str) -> None:
    try:
        write_file(path, f"{text}\n".encode())
    except OSError as error:
        raise Unavailable(
            f"The server's key {path} cannot be written: {error.strerror}",
            field="ASSAY_SERVER_KEY_FILE",
            remedy="make its folder writable for the server's account, or set ASSAY_SERVER_KEY_FILE",
        ) from error


def _read(path: Path) -> str:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise PermissionDenied(
            f"The server's key {path} cannot be read: {error.strerror}",
            field="ASSAY_SERVER_KEY_FILE",
            remedy="run this on the server's own account",
        ) from error
    try:
        found = os.fstat(fd)
        mode = stat.S_IMODE(found.st_mode)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or mode & 0o077:
            raise PermissionDenied(
                f"The server's key {path} can be read by others, or is not your file (mode {mode:04o})",
                field="ASSAY_SERVER_KEY_FILE",
                remedy="others may know it: give it mode 0600, then replace it with: assay audit rotate-key",
            )
        text = os.read(fd, READ_BOUND).decode("ascii", "replace").strip()
    finally:
        os.close(fd)
    if not KEY.match(text):
        raise PermissionDenied(
            f"The file {path} holds no key",
            field="ASSAY_SERVER_KEY_FILE",
            remedy="put the right file there; without it, checkpoints are signed by a new key once it is deleted",
        )
    return text
