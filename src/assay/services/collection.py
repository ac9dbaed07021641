"""What keeps a catalog and its store of objects together: who belongs to whom, and what may be deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import islice

from blake3 import blake3

from assay.ports.blobs import BlobStore
from assay.ports.store import Store
from assay.wire.errors import Corrupt, InvalidState, NotFound

DAY_US = 24 * 3600 * 1_000_000
FRESH_US = 3600 * 1_000_000  # a younger object without a row may be one that is just being logged
BATCH = 500


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection did, in objects and uploads."""

    deleted: int = 0  # objects that nothing referred to any more
    orphans: int = 0  # of them: objects that no row named
    aborted: int = 0  # uploads that were never finished
    digested: int = 0  # objects whose digest was computed only now

    def __add__(self, other: Collected) -> Collected:
        """Both together."""
        return Collected(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


def claim(store: Store, blobs: BlobStore, fresh: int) -> None:
    """The store's objects are this catalog's: what it does not name is garbage, so they must be no other's.

    Args:
        store: The catalog.
        blobs: The objects.
        fresh: A new, random number for a catalog that has none yet.

    Raises:
        InvalidState: The objects are another catalog's, or this catalog's objects are elsewhere.
    """
    number = store.write(lambda unit: unit.blobs.number(fresh))
    owner = blobs.owner()
    if owner is None:
        with store.read() as unit:
            sample = unit.blobs.sample()
        if sample is not None:
            try:
                next(blobs.read(sample, 0, 1), None)
            except NotFound as error:
                raise InvalidState(
                    "The files of this catalog do not lie here",
                    field="--artifacts",
                    remedy="give the address that they were stored under, or copy them here first",
                ) from error
        owner = blobs.claim(number)
    if owner != number:
        raise InvalidState(
            "The files here belong to another catalog",
            field="--artifacts",
            remedy="give another bucket or prefix, or the --store that these files belong to",
        )


def collect(store: Store, blobs: BlobStore, grace_us: int, fresh_us: int = FRESH_US) -> Collected:
    """Deletes what nothing has referred to for longer than the grace; safe beside writers, and beside itself.

    Args:
        store: The catalog.
        blobs: The objects.
        grace_us: How long garbage is kept.
        fresh_us: How long an object without a row is kept at least.
    """
    with store.read() as unit:
        now_us = unit.now_us()
    done = _expire(store, blobs) + Collected(aborted=blobs.sweep(now_us - max(grace_us, DAY_US)))
    done += _adopt(store, blobs, now_us - max(grace_us, fresh_us))
    while True:
        ids = store.write(lambda unit: unit.blobs.doom(grace_us, BATCH))
        for id in ids:
            blobs.delete(id)
        store.write(lambda unit, ids=ids: unit.blobs.forget(ids))  # type: ignore[misc]
        done += Collected(deleted=len(ids))
        if len(ids) < BATCH:
            return done + _digest(store, blobs)


def _expire(store: Store, blobs: BlobStore) -> Collected:
    with store.read() as unit:
        over = unit.blobs.expired(BATCH)
    for lease in over:
        if blobs.multipart is not None:
            blobs.multipart.abort(lease.blob_id, lease.backend_id)
    store.write(lambda unit: unit.blobs.release([lease.id for lease in over]))
    return Collected(aborted=len(over))


def _adopt(store: Store, blobs: BlobStore, before_us: int) -> Collected:
    old = (held.id for held in blobs.held() if held.modified_us < before_us)
    count = 0
    while ids := list(islice(old, BATCH)):
        count += store.write(lambda unit, ids=ids: unit.blobs.adopt(ids))  # type: ignore[misc]
    return Collected(orphans=count)


def _digest(store: Store, blobs: BlobStore) -> Collected:
    with store.read() as unit:
        found = unit.blobs.undigested(BATCH)
    for id, size in found:
        digest(store, blobs, id, size)
    return Collected(digested=len(found))


def digest(store: Store, blobs: BlobStore, id: str, size: int) -> None:
    """The catalog knows the digest of the object, read whole."""
    value = blake3()
    for piece in blobs.read(id, 0, size):
        value.update(piece)
    store.write(lambda unit: unit.blobs.digested(id, value.hexdigest()))


def checked(pieces: Iterator[bytes], blake3_hex: str) -> Iterator[bytes]:
    """The pieces of a whole object; the last one only if all are what was stored. Raises Corrupt."""
    value, last = blake3(), None
    for piece in pieces:
        if last is not None:
            yield last
        value.update(piece)
        last = piece
    if value.hexdigest() != blake3_hex:
        raise Corrupt("The file is not what was stored", remedy="restore it from a backup")
    if last is not None:
        yield last
