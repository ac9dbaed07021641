"""Where bytes lie: objects under random names that are never reused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from assay.core.scope import Scope

SMALL = 1 << 20  # bytes that are written, and read, in one piece
PIECE = 2 << 20  # the most that a read yields at once


@dataclass(frozen=True, slots=True)
class Held:
    """An object that a store holds."""

    id: str
    modified_us: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a multipart upload that its client has sent: its number, from 1, and the store's tag of it."""

    number: int
    etag: str


@dataclass(frozen=True, slots=True)
class Lease:
    """A multipart upload whose time has not ended, and what it is to become."""

    id: str
    owner_id: int
    path: str
    blob_id: str
    backend_id: str


class Upload(Protocol):
    """An object being written; nobody sees it before `finish`."""

    def write(self, data: Sequence[bytes]) -> None:
        """Appends these bytes. Raises Unavailable if they cannot be kept."""
        ...

    def finish(self) -> tuple[int, str]:
        """The size in bytes and blake3 digest (hex) of the object, which is on disk and visible from now on."""
        ...

    def abort(self) -> None:
        """Nothing remains that `sweep` would not find; also fine after a failure."""
        ...


class Multipart(Protocol):
    """Uploads whose parts a client sends to the store itself, under links that the server has signed."""

    def begin(self, id: str) -> str:
        """The store's own name of a new multipart upload of this object."""
        ...

    def links(self, id: str, backend_id: str, count: int, ttl_s: int) -> list[str]:
        """Where to PUT the parts 1 to `count`."""
        ...

    def complete(self, id: str, backend_id: str, parts: Sequence[Part]) -> int:
        """The object is made of these parts; its size in bytes. Raises InvalidInput if the store has not got them."""
        ...

    def abort(self, id: str, backend_id: str) -> None:
        """The parts are gone; fine if they were before."""
        ...


class BlobStore(Protocol):
    """A flat store of immutable objects.

    Names are 16 to 64 lower-case letters and digits; every method raises InvalidInput for others, and Unavailable if
    the store does not answer.
    """

    @property
    def multipart(self) -> Multipart | None:
        """Uploads by the client itself, where the store can."""
        ...

    @property
    def links(self) -> bool:
        """Whether `link` works at all."""
        ...

    def claim(self, number: int) -> int:
        """The number of the catalog that these objects belong to: this one, if there was none yet."""
        ...

    def owner(self) -> int | None:
        """The number of the catalog that claimed the store, if one has."""
        ...

    def create(self, id: str) -> Upload:
        """A new object, of any size."""
        ...

    def put(self, id: str, data: bytes) -> str:
        """The blake3 digest (hex) of a new object of at most `SMALL` bytes, which is on disk."""
        ...

    def read(self, id: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` up to `end`, in pieces of at most `PIECE`. Raises NotFound before the first one."""
        ...

    def link(self, id: str, name: str, ttl_s: int) -> str:
        """Where anybody can download the object under this file name for `ttl_s`. Raises NotSupported."""
        ...

    def delete(self, id: str) -> None:
        """The object is gone; a missing one is fine."""
        ...

    def held(self) -> Iterator[Held]:
        """All objects."""
        ...

    def sweep(self, before_us: int) -> int:
        """Uploads begun before this time and never finished are gone, as far as the store tells; how many."""
        ...


class BlobRows(Protocol):
    """What the catalog says of objects: which may exist, leases, digests to come, and what may be deleted."""

    def stage(self, scope: Scope, blob_id: str) -> None:
        """The object may exist from now on: whoever dies before referring to it leaves it to gc."""
        ...

    def doom(self, grace_us: int, limit: int) -> list[str]:
        """Objects that nothing has referred to for longer than the grace; nobody can refer to them from now on."""
        ...

    def forget(self, blob_ids: Sequence[str]) -> None:
        """The rows of deleted objects are gone."""
        ...

    def lease(self, scope: Scope, lease: Lease, ttl_us: int) -> None:
        """A multipart upload has begun and may take so long."""
        ...

    def leased(self, scope: Scope, upload_id: str) -> Lease:
        """The upload under way. Raises NotFound if there is none, or its time is over."""
        ...

    def release(self, upload_ids: Sequence[str]) -> None:
        """These leases are over."""
        ...

    def expired(self, limit: int) -> list[Lease]:
        """Leases whose time is over."""
        ...

    def undigested(self, limit: int) -> list[tuple[str, int]]:
        """Objects in use whose digest is not known, with their sizes in bytes."""
        ...

    def digested(self, blob_id: str, blake3: str) -> None:
        """The digest of the object, which the server has computed itself."""
        ...

    def adopt(self, blob_ids: Sequence[str]) -> int:
        """Those that no row names are doomed, so that nobody can refer to them any more; how many."""
        ...

    def number(self, fresh: int) -> int:
        """The number that this catalog claims its objects under: this one, if it had none."""
        ...

    def sample(self) -> str | None:
        """An object in use, if there is one."""
        ...
