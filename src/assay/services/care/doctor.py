"""Doctor: whether every reference leads somewhere and every byte is what was stored; mends what is safe to mend."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from assay.core.audit import Fault as Finding
from assay.core.checkpoints import examine, trusted
from assay.ports.blobs import BlobStore
from assay.ports.catalogs import Catalog, Fault, StoredObject, Tell
from assay.services.care.backup import BATCH, THREADS, exactly
from assay.services.care.chain_lines import chains_of
from assay.services.care.chest import Chest
from assay.services.care.manifest import digest_of, object_name
from assay.services.care.restore import copy_in
from assay.services.signing import check
from assay.wire.errors import Corrupt, InvalidState, NotFound

FRESH_US = 3600 * 1_000_000  # beside a server, a younger object without a row may be one that is just being logged
SECRET = "token"  # noqa: S105 -- a file's name
COPY, DELETE, TIGHTEN = "copy it from the backup", "delete the object", "make it private"
# What checkpoints show beyond what the catalog finds in a chain by itself.
SIGNED = {
    Finding.SIGNATURE: "has a checkpoint that no key of this catalog has signed",
    Finding.CHANGED: "is not the one that a checkpoint signed",
    Finding.LOST: "was signed by a checkpoint, and is not there",
}


def modes(root: Path) -> Iterator[Fault]:
    """What of the home other accounts can reach."""
    if not _private(root):
        yield Fault("mode", str(root), f"Other accounts can look into {root}", TIGHTEN)
    secret = root / SECRET
    if secret.exists() and not _private(secret):
        text = f"Other accounts could read {secret}: delete it and restart the server, which makes a new one"
        yield Fault("mode", str(secret), text)


def _private(path: Path) -> bool:
    return not stat.S_IMODE(path.stat().st_mode) & 0o077


@dataclass(slots=True)
class Doctor:
    """Examines a catalog and its objects.

    Args:
        root: The home.
        catalog: Its catalog.
        blobs: Its objects.
        backup: Where damaged objects may be copied from.
        now_us: The clock.
        held: Whether a server holds the home meanwhile.
        tell: Hears of the progress.
        before: What `modes` found before the home was held, which tightens it.
    """

    root: Path
    catalog: Catalog
    blobs: BlobStore
    backup: Chest | None
    now_us: int
    held: bool
    tell: Tell
    before: Sequence[Fault] = ()
    objects: int = 0  # that were examined
    _sizes: dict[str, StoredObject] = field(default_factory=dict)

    def examine(self, *, quick: bool) -> list[Fault]:
        """Every fault; quick: without reading all points and files."""
        found = list(self.before)
        # Objects before rows: one that is logged meanwhile then has its row, and none without a row goes unseen.
        there = {item.id: item.modified_us for item in self.blobs.held()}
        found += self.catalog.examine(self.tell, quick=quick)
        if any(fault.kind in ("schema", "database") for fault in found):
            return found
        found += self._checkpoints()
        number, owner = self.catalog.number(), self.blobs.owner()
        if owner is not None and number != owner:
            text = "The files here belong to another catalog"
            return [*found, Fault("owner", "files", f"{text}; give its --home, --store and --artifacts")]
        return [*found, *self._used(there, quick=quick), *self._strange(there)]

    def repair(self, faults: list[Fault]) -> list[Fault]:
        """The same faults; those that could be mended are marked so. The catalog's own come first."""
        mine = {COPY: self._copy, DELETE: self._delete, TIGHTEN: lambda _: _private(self.root)}
        theirs = [fault for fault in faults if fault.repair is not None and fault.repair not in mine]
        if theirs:
            self.catalog.repair(theirs)
        done: list[Fault] = []
        for fault in faults:
            act: Callable[[str], bool] | None = mine.get(fault.repair or "")
            mended = act(fault.subject) if act is not None else fault.repair is not None
            done.append(replace(fault, repaired=mended))
        return done

    def _checkpoints(self) -> Iterator[Fault]:
        """What the checkpoints beside each chain say against it. Those kept elsewhere are for `assay audit verify`."""
        try:
            with self.catalog.audit() as audit:
                keys = trusted(audit.public_keys(), [], check)
                for chain in chains_of(audit):
                    told = examine(chain.entries, chain.head, chain.workspace_id, chain.signed, None, keys, check)
                    for item in told.findings:
                        if item.fault in SIGNED:
                            where = f"Record {item.seq} of the audit chain of workspace {chain.name}"
                            yield Fault("audit", f"{chain.workspace_id}:{item.seq}", f"{where} {SIGNED[item.fault]}")
        except InvalidState:  # a catalog of an older release has no checkpoints
            return

    def _used(self, there: dict[str, int], *, quick: bool) -> Iterator[Fault]:
        """What is wrong with the objects that files refer to."""
        used = self.catalog.objects()
        rest, done = iter(used), 0
        with ThreadPoolExecutor(THREADS) as pool:
            while some := list(islice(rest, BATCH)):
                outcomes = pool.map(lambda item: self._state(item, item.id in there, quick), some)
                for item, wrong in zip(some, outcomes, strict=True):
                    if wrong is not None:
                        yield self._object_fault(item, wrong)
                done += len(some)
                self.tell("files", done, len(used))
        self.objects = len(used)

    def _state(self, item: StoredObject, seen: bool, quick: bool) -> str | None:
        if quick and seen:
            return None
        try:
            if quick:
                next(self.blobs.read(item.id, 0, min(1, item.size)), None)
                return None
            size, digest = digest_of(self.blobs.read(item.id, 0, item.size))
        except NotFound:
            return "is missing"
        except Corrupt:
            return "is cut short"
        return None if size == item.size and item.blake3 in (None, digest) else "does not match its digest"

    def _object_fault(self, item: StoredObject, wrong: str) -> Fault:
        files = self.catalog.files_of(item.id)
        named = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
        text = f"The object {item.id} {wrong}: it is {named or 'used by no file'}"
        self._sizes[item.id] = item
        mendable = self.backup is not None and self.backup.size(object_name(item.id)) == item.size
        return Fault("bytes", item.id, text, COPY if mendable and item.blake3 else None)

    def _copy(self, id: str) -> bool:
        """Puts an object back, whose copy is verified before the damaged one goes."""
        item = self._sizes[id]
        assert self.backup is not None
        name = object_name(id)
        if digest_of(self.backup.read(name)) != (item.size, item.blake3):
            return False
        self.blobs.delete(id)
        copy_in(self.blobs, item, exactly(self.backup.read(name), id, item.size, item.blake3))
        return True

    def _strange(self, there: dict[str, int]) -> Iterator[Fault]:
        """Objects without a row."""
        old = [id for id, modified_us in there.items() if not self.held or modified_us < self.now_us - FRESH_US]
        for id in sorted(set(old) - self.catalog.known(old)):
            yield Fault("orphan", id, f"The catalog does not know the object {id}", DELETE)

    def _delete(self, id: str) -> bool:
        if not self.catalog.known([id]):
            self.blobs.delete(id)
            return True
        return False
