"""Where bytes lie: objects under random names that are never reused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol


class Upload(Protocol):
    """An object being written; nobody sees it before `finish`."""

    def write(self, data: bytes) -> None:
        """Appends bytes. Raises Unavailable if the disk is full or read-only."""
        ...

    def finish(self) -> tuple[int, str]:
        """The size in bytes and blake3 digest (hex) of the object, which is on disk and visible from now on."""
        ...

    def abort(self) -> None:
        """Nothing remains; also fine after a failure."""
        ...


class BlobStore(Protocol):
    """A flat store of immutable objects."""

    def create(self, id: str) -> Upload:
        """A new object under a name of 16 to 64 lower-case letters and digits. Raises InvalidInput otherwise."""
        ...

    def path(self, id: str) -> Path:
        """Where the object's bytes can be read. Raises NotFound."""
        ...

    def delete(self, id: str) -> None:
        """The object is gone; a missing one is fine."""
        ...

    def ids(self) -> Iterator[str]:
        """The names of all objects."""
        ...
