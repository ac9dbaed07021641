"""What a backup says of itself. It is written last: a backup without a manifest was broken off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from blake3 import blake3

from assay.services.care.chest import Chest
from assay.wire.errors import Corrupt, InvalidState

FORMAT = 1
KIND = "assay-backup"
NAME = "manifest.json"
BOUND = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """The catalog's file with its digest, and how much there is; each object's digest is in the catalog."""

    catalog: str
    catalog_blake3: str
    catalog_bytes: int
    revision: str
    created_us: int
    engine: str  # where the catalog was: sqlite | postgresql
    rows: dict[str, int]  # of every table that has some
    objects: int
    object_bytes: int
    missing: list[str]  # objects that were damaged or gone when the backup was made
    format: int = FORMAT
    kind: str = KIND

    def encode(self) -> bytes:
        """The manifest's file."""
        return json.dumps({**asdict(self), "blake3": self._digest()}, indent=2, sort_keys=True).encode() + b"\n"

    def _digest(self) -> str:
        return blake3(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def read_manifest(chest: Chest, place: Path) -> Manifest:
    """The manifest of a backup.

    Raises:
        Corrupt: There is none, or it was changed.
        InvalidState: A newer release wrote it.
    """
    size = chest.size(NAME)
    if size is None:
        begun = any(name.startswith(("catalog", "objects/", "unfinished")) for name in chest.names())
        raise Corrupt(
            f"The backup in {place} was broken off: it has no manifest" if begun else f"{place} is not a backup",
            field="BACKUP",
            remedy="make it again with: assay backup" if begun else "give the folder or .tar file of a backup",
        )
    try:
        told: Any = json.loads(b"".join(chest.read(NAME))) if size <= BOUND else None
        if told["kind"] != KIND:
            raise ValueError("of another kind")
        if told["format"] > FORMAT:
            raise InvalidState(
                f"The backup has format {told['format']}; this release reads up to {FORMAT}",
                field="BACKUP",
                remedy="restore it with the release that made it, or a later one",
            )
        made = Manifest(**{field.name: told[field.name] for field in fields(Manifest)})
        if made._digest() != told["blake3"]:
            raise ValueError("changed after it was written")
    except (ValueError, KeyError, TypeError) as error:
        raise Corrupt(
            f"The manifest in {place} cannot be trusted: {error}", field="BACKUP", remedy="use another backup"
        ) from error
    return made


def object_name(id: str) -> str:
    """Where the bytes of an object lie in a backup."""
    return f"objects/{id[:2]}/{id}"


def digest_of(pieces: Iterator[bytes]) -> tuple[int, str]:
    """The size and blake3 digest of bytes."""
    value, size = blake3(), 0
    for piece in pieces:
        value.update(piece)
        size += len(piece)
    return size, value.hexdigest()
