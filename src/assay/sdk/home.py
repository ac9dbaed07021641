"""The home folder as clients on its account see it: where it is, which server holds it, and its token."""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

from assay.sdk.secret_files import read_secret
from assay.wire.errors import InvalidInput, PermissionDenied

TOKEN = re.compile(r"assay-[A-Za-z0-9_-]{43}\Z")
UID = re.compile(r"[0-9a-f]{32}\Z")
TOKEN_FILE = "token"  # noqa: S105 -- a file's name
ADDRESS_FILE = "address"
LOGINS_FILE = "logins.json"


def is_uid(text: str) -> bool:
    """Whether the text can be the id of a run."""
    return UID.match(text) is not None


def default_home() -> Path:
    """`ASSAY_HOME`, else `~/.assay`; the same wherever the program goes from here."""
    return Path(os.environ.get("ASSAY_HOME") or Path.home() / ".assay").absolute()


def read_token(root: Path) -> str:
    """The token of the home, for whoever may read it.

    Raises:
        PermissionDenied: There is none, it is another account's, others can read it, or it is no token.
    """
    path = root / TOKEN_FILE
    text = read_secret(
        path,
        "The home's token",
        200,
        absent="run this on the server's own account, or set ASSAY_TOKEN",
        unsafe="others may know it: delete the file and restart the server, which makes a new one",
    ).strip()
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
        return (root / ADDRESS_FILE).read_text().strip()
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

    `ASSAY_TOKEN`, else that of `assay login` for this address, else the token of the home `root`: that is told to
    nobody but the server that holds the home.

    Raises:
        InvalidInput: ASSAY_TOKEN holds no token.
        PermissionDenied: The file of the home's token, or of tokens, is not in order.
    """
    if given := os.environ.get("ASSAY_TOKEN", "").strip():
        if not TOKEN.match(given):
            raise InvalidInput(
                "ASSAY_TOKEN holds no token", field="ASSAY_TOKEN", remedy="copy the whole file `token` of the home"
            )
        return given
    if (root / LOGINS_FILE).exists():
        from assay.sdk.logins import stored  # noqa: PLC0415 -- what it needs, `import assay` does not

        if (kept := stored(root, url)) is not None:
            return kept
    if url.rstrip("/") != address_of(root) or not is_held(root):
        return None
    return read_token(root)
