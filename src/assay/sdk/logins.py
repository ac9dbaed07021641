"""Tokens of servers elsewhere that somebody has logged in to: a file of the home, by the servers' addresses."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

from assay.sdk.durable import make_folder, write_file
from assay.sdk.home import LOGINS_FILE
from assay.sdk.secret_files import read_secret
from assay.wire.errors import InvalidInput, PermissionDenied, TooLarge

BOUND = 1 << 20  # bytes
LOCAL = ("127.0.0.1", "localhost", "::1")


def address(url: str) -> str:
    """The server's address in one form.

    Raises:
        InvalidInput: It is none, or others could read on the way what it is told.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise InvalidInput(
            f"{url[:200]!r} is no address", field="URL", remedy="give https://HOST or http://127.0.0.1:PORT"
        )
    if parts.scheme == "http" and parts.hostname not in LOCAL:
        raise InvalidInput(
            "Over http, whoever is on the way could read your token", field="URL", remedy="give the https:// address"
        )
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path}".rstrip("/")


def _read(root: Path) -> dict[str, str]:
    if not os.path.lexists(root / LOGINS_FILE):
        return {}
    remedy = f"delete the file, and log in again: {root / LOGINS_FILE}"
    text = read_secret(root / LOGINS_FILE, "The file of tokens", BOUND, absent=remedy, unsafe=remedy)
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise PermissionDenied(f"The file {root / LOGINS_FILE} holds no tokens", field="token", remedy=remedy)
    return {str(url): str(token) for url, token in found.items()}


def _write(root: Path, found: dict[str, str]) -> None:
    data = json.dumps(found, indent=2).encode()
    if len(data) > BOUND:
        raise TooLarge("There are too many logins", field="token", bound=BOUND, remedy="end some: assay logout URL")
    make_folder(root)
    write_file(root / LOGINS_FILE, data)


def stored(root: Path, url: str) -> str | None:
    """The token of the server at this address, if somebody has logged in to it. Raises PermissionDenied."""
    try:
        return _read(root).get(address(url))
    except InvalidInput:  # what nobody can have logged in to
        return None


def keep(root: Path, url: str, token: str) -> None:
    """The token is told to the server at this address, and to no other. Raises PermissionDenied, TooLarge, OSError."""
    _write(root, {**_read(root), address(url): token})


def drop(root: Path, url: str) -> str | None:
    """The token is forgotten; what it was. Raises PermissionDenied, OSError."""
    found = _read(root)
    token = found.pop(address(url), None)
    if token is not None:
        _write(root, found)
    return token
