"""Restore: everything in the backup is verified before anything changes; the catalog is replaced last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from assay.ports.blobs import SMALL, BlobStore
from assay.ports.catalogs import Catalog, StoredObject, Tell
from assay.services.care.backup import BATCH, THREADS, OpenSnapshot, exactly
from assay.services.care.chest import Chest, open_source
from assay.services.care.manifest import Manifest, digest_of, object_name, read_manifest
from assay.wire.errors import Corrupt, InvalidState

T = TypeVar("T")
MARK = "restore.unfinished"  # in the home: the digest of the backup whose restore has begun


@dataclass(frozen=True, slots=True)
class Verified:
    """A backup in which every byte is what was backed up, and its catalog in a file of our own."""

    chest: Chest
    manifest: Manifest
    catalog: Path
    objects: list[StoredObject]


def verify(place: Path, scratch: Path, open_snapshot: OpenSnapshot, tell: Tell) -> Verified:
    """The backup, verified; its catalog lies in the folder `scratch`.

    Raises:
        NotFound: Nothing is there.
        Corrupt: It is no backup, was broken off, or is damaged.
        InvalidState: A newer release made it.
    """
    chest = open_source(place)
    try:
        return _verify(chest, place, scratch, open_snapshot, tell)
    except BaseException:
        chest.close()
        raise


def _verify(chest: Chest, place: Path, scratch: Path, open_snapshot: OpenSnapshot, tell: Tell) -> Verified:
    manifest = read_manifest(chest, place)
    copy = scratch / "catalog.db"
    with copy.open("wb") as file:
        pieces = exactly(chest.read(manifest.catalog), "catalog", manifest.catalog_bytes, manifest.catalog_blake3)
        try:
            for piece in pieces:
                file.write(piece)
        except Corrupt as error:
            raise _refused(place, [manifest.catalog]) from error
    snapshot = open_snapshot(copy)
    try:
        if snapshot.faults() or snapshot.counts() != manifest.rows:
            raise _refused(place, [manifest.catalog])
        gone = set(manifest.missing)
        objects = [item for item in snapshot.objects() if item.id not in gone]
    finally:
        snapshot.close()
    if len(objects) != manifest.objects:
        raise _refused(place, [manifest.catalog])
    done = 0
    damaged: list[str] = []
    for some in _batches(objects):
        outcomes = _parallel(lambda item: _whole(chest, item), some)
        damaged += [object_name(item.id) for item, whole in zip(some, outcomes, strict=True) if not whole]
        done += len(some)
        tell("verifying files", done, len(objects))
    if damaged:
        raise _refused(place, damaged)
    return Verified(chest, manifest, copy, objects)


def restore(
    backup: Verified,
    root: Path,
    catalog: Catalog,
    blobs: BlobStore,
    open_snapshot: OpenSnapshot,
    *,
    force: bool,
    tell: Tell,
) -> None:
    """Catalog and objects are those of the backup. A restore that was broken off can be started again.

    Objects of the same backup that lie there already are in the way, too: they may be in use by another catalog. Only
    the mark that a broken-off restore of this backup has left in the home says otherwise.

    Raises:
        InvalidState: The place is not empty, and `force` does not allow for that.
        Unavailable: It cannot be written.
    """
    mark = root / MARK
    resumed = mark.exists() and mark.read_text() == backup.manifest.catalog_blake3
    ours = {item.id for item in backup.objects}
    there = {item.id for item in blobs.held()}
    strange = there - ours
    if not force:
        things, others = catalog.things(), len(strange if resumed else there)
        if things or others:
            raise InvalidState(
                f"The place is not empty: {things} experiments, runs, models and files, {others} stored objects",
                field="--home",
                remedy="give an empty --home (and --store, --artifacts); --force replaces all that is there, for good",
            )
    mark.write_text(backup.manifest.catalog_blake3)
    snapshot = open_snapshot(backup.catalog)
    try:
        owner = blobs.owner()
        if owner is not None:  # the place was claimed for the catalog that is replaced
            snapshot.set_number(owner)
        elif snapshot.number is not None:
            blobs.claim(snapshot.number)
    finally:
        snapshot.close()
    done = 0
    for some in _batches(backup.objects):
        _parallel(lambda item: _put(backup.chest, blobs, item, item.id in there), some)
        done += len(some)
        tell("files", done, len(backup.objects))
    catalog.replace(backup.catalog, tell)
    for id in strange:
        blobs.delete(id)
    mark.unlink()


def _whole(chest: Chest, item: StoredObject) -> bool:
    name = object_name(item.id)
    if chest.size(name) != item.size:
        return False
    try:
        return digest_of(chest.read(name)) == (item.size, item.blake3)
    except Corrupt:
        return False


def _put(chest: Chest, blobs: BlobStore, item: StoredObject, there: bool) -> None:
    if there:
        blobs.delete(item.id)
    pieces = exactly(chest.read(object_name(item.id)), item.id, item.size, item.blake3)
    copy_in(blobs, item, pieces)


def copy_in(blobs: BlobStore, item: StoredObject, pieces: Iterator[bytes]) -> None:
    """The store holds the object, which it did not before. Raises Corrupt if the pieces are not what was stored."""
    if item.size <= SMALL:
        blobs.put(item.id, b"".join(pieces))
        return
    upload = blobs.create(item.id)
    try:
        for piece in pieces:
            upload.write([piece])
        upload.finish()
    except BaseException:
        upload.abort()
        raise


def _batches(objects: Iterable[StoredObject]) -> Iterator[list[StoredObject]]:
    rest = iter(objects)
    while some := list(islice(rest, BATCH)):
        yield some


def _parallel(work: Callable[[StoredObject], T], items: list[StoredObject]) -> list[T]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, items))


def _refused(place: Path, names: list[str]) -> Corrupt:
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return Corrupt(
        f"The backup in {place} is damaged: {shown}. Nothing was changed",
        field="BACKUP",
        remedy="use another backup; a backup folder is mended by deleting these files in it and backing up once more",
        details={"names": names},
    )
