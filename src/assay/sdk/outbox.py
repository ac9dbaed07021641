"""What waits to be sent: a journal's records, whichever way it is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from assay.sdk.journal.journal import Reader
from assay.sdk.records import BEGUN, FILE, KEYS, document, parse_keys

COPIES = "files"  # a folder beside the segments


class Outbox(Protocol):
    """One writer's records, which the sender takes, sends and forgets."""

    @property
    def name(self) -> str:
        """The writer's."""
        ...

    def begun(self) -> dict[str, Any]:
        """How the run began. Raises OSError, ValueError."""
        ...

    def keys(self) -> dict[int, str]:
        """The names of keys by their numbers. Raises OSError, also if somebody else has just sent it all."""
        ...

    def take(self) -> list[tuple[int, bytes]]:
        """(number, body) of the next records, as far as they are there."""
        ...

    def forget(self) -> None:
        """What was taken has arrived."""
        ...

    def copy_of(self, name: str) -> Path:
        """Where the copy of a logged file lies."""
        ...


class Folder:
    """The outbox of a journal on disk.

    Args:
        path: The journal's folder; its name is the writer's.
        forgot: Called each time that a part of it has arrived.
    """

    def __init__(self, path: Path, forgot: Callable[[], object] = lambda: None) -> None:
        self.path = path
        self._forgot = forgot
        self.name = path.name
        self._reader = Reader(path)
        self._copies: list[str] = []  # of files that were taken

    def begun(self) -> dict[str, Any]:
        """See `Outbox.begun`."""
        found: dict[str, Any] = json.loads((self.path / BEGUN).read_text())
        return found

    def keys(self) -> dict[int, str]:
        """See `Outbox.keys`."""
        return parse_keys((self.path / KEYS).read_text())

    def take(self) -> list[tuple[int, bytes]]:
        """See `Outbox.take`."""
        found = self._reader.take()
        self._copies += [name for _, body in found if body[0] == FILE and (name := document(body).get("copy"))]
        return found

    def forget(self) -> None:
        """See `Outbox.forget`; the copies of files go before the records that name them."""
        for name in self._copies:
            self.copy_of(name).unlink(missing_ok=True)
        self._copies.clear()
        self._reader.forget()
        self._forgot()

    def copy_of(self, name: str) -> Path:
        """See `Outbox.copy_of`."""
        return self.path / COPIES / Path(name).name
