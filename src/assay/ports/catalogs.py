"""A catalog as a whole, as backup, restore and doctor see it: beside a running server, and without its lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assay.ports.aggregates import Audit

Tell = Callable[[str, int, int], None]  # what is going on, how much of it is done, of how much


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that the catalog refers to; `blake3` is None while nobody has computed it."""

    id: str
    size: int
    blake3: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it must be. `kind` is one word, `subject` what it is about."""

    kind: str
    subject: str
    message: str
    repair: str | None = None  # what `--repair` does about it; None: nothing
    repaired: bool = False


class Snapshot(Protocol):
    """One moment of a catalog in a file of its own, that no server holds."""

    @property
    def revision(self) -> str: ...

    @property
    def number(self) -> int | None:
        """The number that the catalog claims its objects under, if it ever had one."""
        ...

    def set_number(self, number: int) -> None: ...

    def prune(self) -> None:
        """Forgets objects that nothing refers to, and uploads under way: neither is part of a backup."""
        ...

    def objects(self) -> Iterator[StoredObject]:
        """All objects, by id."""
        ...

    def learn(self, id: str, blake3: str) -> None:
        """The object has this digest."""
        ...

    def counts(self) -> dict[str, int]:
        """The rows of every table that has some."""
        ...

    def faults(self) -> list[str]:
        """What the database itself finds wrong with the file."""
        ...

    def close(self) -> None:
        """Everything is in the one file, and on disk."""
        ...


class Catalog(Protocol):
    """A catalog in its place, whether a server holds it or not."""

    def snapshot(self, target: Path, tell: Tell) -> None:
        """The file holds one moment of the whole catalog. Raises NotFound if there is none here, Unavailable."""
        ...

    def things(self) -> int:
        """How many experiments, runs, models and files there are beside what every fresh catalog has."""
        ...

    def replace(self, source: Path, tell: Tell) -> None:
        """The catalog is that of the file, brought to this program's revision; on a failure it is what it was."""
        ...

    def examine(self, tell: Tell, *, quick: bool) -> Iterator[Fault]:
        """What is wrong inside the catalog; quick: without reading every stored point."""
        ...

    def repair(self, faults: Sequence[Fault]) -> None:
        """Does what those of the faults say that `examine` found."""
        ...

    def audit(self) -> AbstractContextManager[Audit]:
        """One moment of the audit chains, for reading. Raises InvalidState if the catalog is of an older release."""
        ...

    def objects(self) -> list[StoredObject]:
        """The objects in use, by id."""
        ...

    def number(self) -> int | None:
        """The number that the catalog claims its objects under, if it ever had one."""
        ...

    def files_of(self, object_id: str) -> list[str]:
        """The files that are this object, for people."""
        ...

    def known(self, ids: Sequence[str]) -> set[str]:
        """Those of the objects that the catalog knows, in use or not."""
        ...
