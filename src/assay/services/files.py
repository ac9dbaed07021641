"""Use cases on files: every path lies in the tree of a run, of a logged model, or of the workspace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass

from anyio.to_thread import run_sync

from assay.core.scope import Scope, Verb
from assay.core.tracking import FileEntry, Page
from assay.ports.aggregates import StoredFile
from assay.ports.blobs import SMALL, BlobStore, Lease, Multipart, Part, Upload
from assay.ports.store import Store, UnitOfWork
from assay.services.base import Service, authorise, check_text
from assay.services.collection import DAY_US, FRESH_US, Collected, checked, collect, digest
from assay.services.quotas import QuotaService
from assay.wire.errors import InvalidInput, NotFound, NotSupported, PermissionDenied, Unavailable

PATH_BOUND = 1_000
PAGE_BOUND = 10_000
PATH_BYTES = 2_000  # PostgreSQL indexes no more than 2,704
BUFFER = 4 << 20  # bytes that are gathered while as many are written
PARTS_BOUND = 10_000
LEASE_S = 24 * 3600  # how long a client may take to send its parts; the links end with it


@dataclass(frozen=True, slots=True)
class RunFiles:
    """The tree of a run."""

    uid: str


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The tree of a logged model."""

    uid: str


@dataclass(frozen=True, slots=True)
class LooseFiles:
    """The workspace's own tree, for what belongs to no run or model."""


Place = RunFiles | ModelFiles | LooseFiles


def check_path(path: str, *, root: bool = False) -> str:
    """The path, which names something inside a tree: parts joined by single slashes, none of them special.

    Raises:
        InvalidInput: It is absolute, leaves the tree, or holds a backslash, drive letter, NUL or empty part.
    """
    if root and not path:
        return path
    parts = path.split("/")
    bad = (
        not path
        or len(path) > PATH_BOUND
        or len(path.encode(errors="surrogatepass")) > PATH_BYTES
        or any(part in ("", ".", "..") for part in parts)
        or any(sign in path for sign in ("\\", "\0", "#", "%2e", "%2E", "%2f", "%2F", "%5c", "%5C", "%25", "%00"))
        or (len(parts[0]) > 1 and parts[0][1] == ":" and parts[0][0].isalpha())
        or any(ord(sign) < 32 or 0xD800 <= ord(sign) < 0xE000 for sign in path)
    )
    if bad:
        raise InvalidInput(
            "Invalid path", field="path", bound=PATH_BOUND, remedy="send a relative path without . or .. parts"
        )
    return path


class FileService(Service):
    """Put, list, open, delete, and collect what nothing refers to."""

    def __init__(
        self, store: Store, blobs: BlobStore, new_uid: Callable[[], str], quotas: QuotaService | None = None
    ) -> None:
        super().__init__(store)
        self._quotas = quotas
        self._blobs = blobs
        self._new_uid = new_uid
        self.collected = Collected()  # by all collections since the start, of which one runs at a time

    def _owner(self, unit: UnitOfWork, scope: Scope, place: Place) -> int:
        match place:
            case RunFiles(uid):
                return unit.runs.get(scope, uid).id
            case ModelFiles(uid):
                return unit.models.get(scope, uid).id
            case LooseFiles():
                return scope.workspace_id

    def _held(self, unit: UnitOfWork, scope: Scope, place: Place) -> int:
        """The owner, which nobody purges before the unit ends. Raises NotFound."""
        match place:
            case RunFiles(uid):
                return unit.runs.lock(scope, uid).id
            case ModelFiles(uid):
                return unit.models.lock(scope, uid).id
            case LooseFiles():
                return scope.workspace_id

    def _admit(self, scope: Scope, size: int, *, count: bool = True) -> None:
        if self._quotas is not None:
            self._quotas.admit_bytes(scope, size, count=count)

    async def put(self, scope: Scope, place: Place, path: str, chunks: AsyncIterator[bytes]) -> None:
        """The path holds these bytes, on disk. Raises InvalidInput, NotFound, Unavailable; then nothing changed."""
        authorise(scope, Verb.WRITE, "file")
        check_path(path)
        waiting: list[bytes] = []
        held = 0
        async for chunk in chunks:
            waiting.append(chunk)
            held += len(chunk)
            if held > SMALL:
                await self._put_large(scope, place, path, waiting, chunks)
                return
        await run_sync(self.put_small, scope, place, path, b"".join(waiting))

    def put_small(self, scope: Scope, place: Place, path: str, data: bytes) -> None:
        """The same for at most `SMALL` bytes; blocks.

        Object first, row after: one transaction. An object whose row never comes is found by `collect`.
        """
        authorise(scope, Verb.WRITE, "file")
        check_path(path)
        self._admit(scope, len(data))
        id, began = self._new_uid(), time.monotonic()
        digest = self._blobs.put(id, data)

        def work(unit: UnitOfWork) -> None:
            if time.monotonic() - began > FRESH_US / 2e6:  # from now on `collect` might take it for an orphan
                raise Unavailable("The file took too long to store", remedy="send it again", retry_after_s=1)
            owner_id = self._held(unit, scope, place)
            _check_no_folder(unit, owner_id, path)
            unit.files.add(scope, owner_id, path, id, len(data), digest)

        try:
            self._store.write(work)
        except (InvalidInput, NotFound, PermissionDenied):  # after any other failure the row may be there
            self._blobs.delete(id)
            raise

    async def _put_large(
        self, scope: Scope, place: Place, path: str, waiting: list[bytes], chunks: AsyncIterator[bytes]
    ) -> None:
        """Row first, and the object while it arrives: one buffer is written while the next one fills."""
        size = sum(map(len, waiting))
        self._admit(scope, size, count=False)
        id = await run_sync(self._stage, scope, place, path)
        upload = await run_sync(self._blobs.create, id)
        writing: asyncio.Task[None] = asyncio.create_task(run_sync(upload.write, waiting))
        waiting, held = [], 0
        try:
            async for chunk in chunks:
                waiting.append(chunk)
                held += len(chunk)
                if held >= BUFFER:
                    size += held
                    self._admit(scope, size, count=False)
                    await writing
                    writing = asyncio.create_task(run_sync(upload.write, waiting))
                    waiting, held = [], 0
            await writing
            self._admit(scope, size + held)
            size, digest = await run_sync(_finish, upload, waiting)
        except BaseException:
            await asyncio.wait([writing])  # its thread cannot be interrupted
            if not writing.cancelled():
                writing.exception()  # seen: it is the one that ends this, or follows from it
            upload.abort()
            raise

        def work(unit: UnitOfWork) -> None:
            unit.files.put(scope, self._held(unit, scope, place), path, id, size, digest)

        await run_sync(self._store.write, work)

    def _stage(self, scope: Scope, place: Place, path: str) -> str:
        id = self._new_uid()

        def work(unit: UnitOfWork) -> None:
            _check_no_folder(unit, self._held(unit, scope, place), path)
            unit.blobs.stage(scope, id)

        self._store.write(work)
        return id

    async def children(self, scope: Scope, place: Place, folder: str) -> list[FileEntry]:
        """The folder's direct children, by path; none for a file or a missing folder."""
        authorise(scope, Verb.READ, "file")
        check_path(folder, root=True)

        def read() -> list[FileEntry]:
            with self._store.read() as unit:
                return unit.files.children(self._owner(unit, scope, place), folder)

        return await run_sync(read)

    def walk(self, scope: Scope, place: Place, after: str | None = None, limit: int = PAGE_BOUND) -> Page[StoredFile]:
        """A page of all files of the tree, whatever their folders, by path. Raises NotFound, InvalidInput."""
        authorise(scope, Verb.READ, "file")
        limit = max(1, min(limit, PAGE_BOUND))
        if after is not None:
            check_text("after", after, PATH_BOUND)
        with self._store.read() as unit:
            files = unit.files.walk(self._owner(unit, scope, place), after or "", limit + 1)
        return Page(files[:limit], files[limit - 1].path if len(files) > limit else None)

    def open(self, scope: Scope, place: Place, path: str) -> StoredFile:
        """The file that a path names. Raises NotFound; InvalidInput for a folder."""
        authorise(scope, Verb.READ, "file")
        check_path(path)
        with self._store.read() as unit:
            owner_id = self._owner(unit, scope, place)
            file = unit.files.get(owner_id, path)
            if file is None:
                _check_no_folder(unit, owner_id, path)
                raise NotFound(f"No such file: {path}", field="path")
            return file

    def read(self, file: StoredFile, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` up to `end`, checked if that is all of them. Raises NotFound, Corrupt, Unavailable."""
        pieces = self._blobs.read(file.blob_id, start, end)
        return checked(pieces, file.blake3) if file.blake3 and (start, end) == (0, file.size) else pieces

    @property
    def links(self) -> bool:
        """Whether clients can read from the store itself."""
        return self._blobs.links

    def link(self, scope: Scope, place: Place, path: str, ttl_s: int) -> tuple[StoredFile, str]:
        """The file, and where the store gives it to whoever has the link, for `ttl_s`. Raises NotSupported."""
        file = self.open(scope, place, path)
        return file, self._blobs.link(file.blob_id, path.rpartition("/")[2], ttl_s)

    async def delete(self, scope: Scope, place: Place, path: str) -> int:
        """The file or folder is gone; how many files there were."""
        authorise(scope, Verb.DELETE, "file")
        check_path(path)
        return await run_sync(self._store.write, lambda unit: unit.files.remove(self._held(unit, scope, place), path))

    @property
    def multipart(self) -> bool:
        """Whether clients can send parts to the store itself."""
        return self._blobs.multipart is not None

    def _multipart(self) -> Multipart:
        if self._blobs.multipart is None:
            raise NotSupported("The store takes no parts from clients", remedy="send the file to the server")
        return self._blobs.multipart

    def begin(self, scope: Scope, place: Place, path: str, count: int) -> tuple[str, list[str]]:
        """The name of a new upload in parts, and where to PUT each of them. Raises NotSupported."""
        authorise(scope, Verb.WRITE, "file")
        check_path(path)
        if not 1 <= count <= PARTS_BOUND:
            raise InvalidInput(
                f"{count} is no number of parts", field="num_parts", bound=PARTS_BOUND, remedy="send larger parts"
            )
        self._admit(scope, 1, count=False)
        store, id, upload_id = self._multipart(), self._stage(scope, place, path), self._new_uid()
        backend_id = store.begin(id)

        def work(unit: UnitOfWork) -> None:
            lease = Lease(upload_id, self._held(unit, scope, place), path, id, backend_id)
            unit.blobs.lease(scope, lease, LEASE_S * 1_000_000)

        self._store.write(work)
        return upload_id, store.links(id, backend_id, count, LEASE_S)

    def _leased(self, scope: Scope, place: Place, path: str, upload_id: str) -> Lease:
        with self._store.read() as unit:
            lease = unit.blobs.leased(scope, upload_id)
            if (lease.owner_id, lease.path) != (self._owner(unit, scope, place), path):
                raise InvalidInput("The upload is of another path", field="upload_id", remedy="name its own path")
            return lease

    def complete(
        self, scope: Scope, place: Place, path: str, upload_id: str, parts: Sequence[Part]
    ) -> Callable[[], None]:
        """The path holds what was sent in parts; its digest is known when the function returned here has been called.

        Raises NotFound if the upload's time is over, InvalidInput if parts are missing.
        """
        authorise(scope, Verb.WRITE, "file")
        lease = self._leased(scope, place, check_path(path), upload_id)
        if not 1 <= len(parts) <= PARTS_BOUND:
            raise InvalidInput(f"There are {len(parts)} parts", field="parts", bound=PARTS_BOUND, remedy="name them")
        if not all(part.etag.strip() for part in parts):  # not every store answers that well
            raise InvalidInput("A part has no etag", field="parts", remedy="send the ETag that the store answered")
        size = self._multipart().complete(lease.blob_id, lease.backend_id, parts)
        self._admit(scope, size)  # else gc finds an object that no file refers to

        def work(unit: UnitOfWork) -> None:
            self._held(unit, scope, place)
            unit.files.finish(scope, lease, size)

        self._store.write(work)
        return lambda: digest(self._store, self._blobs, lease.blob_id, size)

    def abort(self, scope: Scope, place: Place, path: str, upload_id: str) -> None:
        """The upload is over, and its parts are gone. Raises NotFound if it was before."""
        authorise(scope, Verb.WRITE, "file")
        lease = self._leased(scope, place, check_path(path), upload_id)
        self._store.write(lambda unit: self._held(unit, scope, place))
        self._multipart().abort(lease.blob_id, lease.backend_id)
        self._store.write(lambda unit: unit.blobs.release([upload_id]))

    def collect(self, grace_us: int = DAY_US) -> Collected:
        """Deletes what nothing has referred to for longer than the grace; see `collection.collect`."""
        done = collect(self._store, self._blobs, grace_us)
        self.collected += done
        return done


def _check_no_folder(unit: UnitOfWork, owner_id: int, path: str) -> None:
    if unit.files.is_folder(owner_id, path):
        raise InvalidInput(f"{path} is a folder", field="path", remedy="choose another path, or list it")


def _finish(upload: Upload, data: list[bytes]) -> tuple[int, str]:
    upload.write(data)
    return upload.finish()
