"""Backup: one moment of the catalog first, then the objects that it names, then the manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from blake3 import blake3

from assay.ports.blobs import BlobStore
from assay.ports.catalogs import Catalog, Snapshot, StoredObject, Tell
from assay.services.care.chest import PARTIAL, UNFINISHED, Chest, FolderChest, open_target
from assay.services.care.manifest import NAME, Manifest, digest_of, object_name
from assay.wire.errors import Corrupt, InvalidState, NotFound

THREADS = 8
BATCH = 512
OpenSnapshot = Callable[[Path], Snapshot]


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup holds, and how much of it was new."""

    manifest: Manifest
    copied: int
    copied_bytes: int


def back_up(
    catalog: Catalog,
    blobs: BlobStore,
    open_snapshot: OpenSnapshot,
    target: Path,
    *,
    engine: str,
    now_us: int,
    incomplete: bool,
    tell: Tell,
) -> BackedUp:
    """The target holds one moment of the catalog and every object that it names, each checked by its digest.

    Until the manifest is written, an earlier backup in the same folder stays whole.

    Raises:
        InvalidInput: The target holds something else.
        Unavailable: It cannot be written.
        InvalidState: The objects are another catalog's.
        Corrupt: Objects are damaged or gone, and `incomplete` does not allow for that.
    """
    chest = open_target(target)
    folder = target if isinstance(chest, FolderChest) else target.absolute().parent
    moment = folder / f"{target.name}.catalog{PARTIAL}"
    moment.unlink(missing_ok=True)
    try:
        catalog.snapshot(moment, tell)
        moment.chmod(0o600)
        snapshot = open_snapshot(moment)
        try:
            tell("checking the catalog", 0, 1)
            if wrong := snapshot.faults():
                raise Corrupt(f"The catalog is damaged: {wrong[0]}", remedy="see assay doctor, or restore a backup")
            _check_owner(snapshot.number, blobs.owner())
            snapshot.prune()
            copying = Copying(blobs, chest, snapshot, tell)
            copying.run()
            if copying.damaged and not incomplete:
                raise _damage(catalog, copying.damaged)
            revision, rows = snapshot.revision, snapshot.counts()
        finally:
            snapshot.close()
        size, digest = digest_of(_pieces(moment))
        name = f"catalog-{digest[:16]}.db"
        chest.take(moment, name)
        manifest = Manifest(
            catalog=name,
            catalog_blake3=digest,
            catalog_bytes=size,
            revision=revision,
            created_us=now_us,
            engine=engine,
            rows=rows,
            objects=copying.count,
            object_bytes=copying.bytes,
            missing=copying.damaged,
        )
        data = manifest.encode()
        chest.put(NAME, iter([data]), len(data))
        if isinstance(chest, FolderChest):
            _tidy(chest, {NAME, manifest.catalog}, copying.names)
    finally:
        moment.unlink(missing_ok=True)
        chest.close()
    return BackedUp(manifest, copying.copied, copying.copied_bytes)


def _check_owner(number: int | None, owner: int | None) -> None:
    if owner is not None and number is not None and owner != number:
        raise InvalidState(
            "The files here belong to another catalog",
            field="--artifacts",
            remedy="give the same --home, --store and --artifacts that the server has",
        )


class Copying:
    """The objects of a snapshot on their way into a chest."""

    def __init__(self, blobs: BlobStore, chest: Chest, snapshot: Snapshot, tell: Tell) -> None:
        self._blobs, self._chest, self._snapshot, self._tell = blobs, chest, snapshot, tell
        self.count = self.bytes = self.copied = self.copied_bytes = 0
        self.names: set[str] = set()
        self.damaged: list[str] = []

    def run(self) -> None:
        """Every object is in the chest, or among the damaged."""
        total = self._snapshot.counts().get("blob", 0)
        objects = self._snapshot.objects()
        with ThreadPoolExecutor(THREADS if self._chest.parallel else 1) as pool:
            while some := list(islice(objects, BATCH)):
                for item, outcome in zip(some, pool.map(self._one, some), strict=True):
                    self._note(item, outcome)
                self._tell("files", self.count + len(self.damaged), total)

    def _one(self, item: StoredObject) -> str | None:
        """The digest of the object if it had to be copied; "" if it was there; None if it is damaged or gone."""
        name = object_name(item.id)
        if item.blake3 is not None and self._chest.size(name) == item.size:
            return ""
        try:
            digest = item.blake3
            if digest is None or not self._chest.parallel:  # a tar file cannot take back what it was given
                size, found = digest_of(self._blobs.read(item.id, 0, item.size))
                if size != item.size or digest not in (None, found):
                    return None
                digest = found
            self._chest.put(
                name, exactly(self._blobs.read(item.id, 0, item.size), item.id, item.size, digest), item.size
            )
        except (Corrupt, NotFound):
            return None
        return digest

    def _note(self, item: StoredObject, outcome: str | None) -> None:
        if outcome is None:
            self.damaged.append(item.id)
            return
        self.names.add(object_name(item.id))
        self.count += 1
        self.bytes += item.size
        if outcome:
            self.copied += 1
            self.copied_bytes += item.size
            if item.blake3 is None:
                self._snapshot.learn(item.id, outcome)


def exactly(pieces: Iterator[bytes], id: str, size: int, digest: str | None) -> Iterator[bytes]:
    """The pieces. Raises Corrupt behind the last one if they are not what was stored."""
    value, seen = blake3(), 0
    for piece in pieces:
        value.update(piece)
        seen += len(piece)
        yield piece
    if seen != size or digest not in (None, value.hexdigest()):
        raise Corrupt(f"The object {id} is not what was stored", remedy="run: assay doctor")


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece


def _damage(catalog: Catalog, damaged: list[str]) -> Corrupt:
    named = [f"{file} (object {id})" for id in damaged[:5] for file in catalog.files_of(id)[:1] or ["no file"]]
    more = f" and {len(damaged) - 5} more" if len(damaged) > 5 else ""
    return Corrupt(
        f"{len(damaged)} files are damaged or gone, so the backup was not finished: {', '.join(named)}{more}",
        remedy="see assay doctor; --incomplete makes a backup of all the rest",
        details={"objects": damaged},
    )


def _tidy(chest: FolderChest, kept: set[str], objects: set[str]) -> None:
    for name in chest.names():
        if name not in kept and name not in objects and name.startswith(("catalog-", "objects/", UNFINISHED)):
            chest.remove(name)
