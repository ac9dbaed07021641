"""Use cases on files: every path lies in the tree of a run, of a logged model, or of the workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from anyio.to_thread import run_sync

from assay.core.scope import Scope, Verb
from assay.core.tracking import FileEntry
from assay.ports.aggregates import StoredFile
from assay.ports.blobs import BlobStore, Upload
from assay.ports.store import Store, UnitOfWork
from assay.services.base import Service, authorise
from assay.wire.errors import InvalidInput, NotFound

PATH_BOUND = 1_000
BUFFER = 1 << 20
GRACE_US = 24 * 3600 * 1_000_000


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

    def __init__(self, store: Store, blobs: BlobStore, new_uid: Callable[[], str]) -> None:
        super().__init__(store)
        self._blobs = blobs
        self._new_uid = new_uid

    def _owner(self, unit: UnitOfWork, scope: Scope, place: Place) -> int:
        match place:
            case RunFiles(uid):
                return unit.runs.get(scope, uid).id
            case ModelFiles(uid):
                return unit.models.get(scope, uid).id
            case LooseFiles():
                return scope.workspace_id

    async def put(self, scope: Scope, place: Place, path: str, chunks: AsyncIterator[bytes]) -> None:
        """The path holds these bytes, on disk. Raises InvalidInput, NotFound, Unavailable; then nothing changed."""
        authorise(scope, Verb.WRITE, "file")
        check_path(path)
        id = self._new_uid()

        def begin() -> None:
            def work(unit: UnitOfWork) -> None:
                if unit.files.is_folder(self._owner(unit, scope, place), path):
                    raise InvalidInput(f"{path} is a folder", field="path", remedy="choose another path")
                unit.files.stage(scope, id)

            self._store.write(work)

        await run_sync(begin)
        upload = await run_sync(self._blobs.create, id)
        try:
            waiting: list[bytes] = []
            held = 0
            async for chunk in chunks:
                waiting.append(chunk)
                held += len(chunk)
                if held >= BUFFER:
                    data, waiting, held = b"".join(waiting), [], 0
                    await run_sync(upload.write, data)
            size, digest = await run_sync(_finish, upload, b"".join(waiting))
        except BaseException:
            upload.abort()
            raise

        def work(unit: UnitOfWork) -> None:
            unit.files.put(scope, self._owner(unit, scope, place), path, id, size, digest)

        await run_sync(self._store.write, work)

    async def children(self, scope: Scope, place: Place, folder: str) -> list[FileEntry]:
        """The folder's direct children, by path; none for a file or a missing folder."""
        authorise(scope, Verb.READ, "file")
        check_path(folder, root=True)

        def read() -> list[FileEntry]:
            with self._store.read() as unit:
                return unit.files.children(self._owner(unit, scope, place), folder)

        return await run_sync(read)

    async def open(self, scope: Scope, place: Place, path: str) -> tuple[StoredFile, Path]:
        """The file and where its bytes lie. Raises NotFound; InvalidInput for a folder."""
        authorise(scope, Verb.READ, "file")
        check_path(path)

        def read() -> tuple[StoredFile, Path]:
            with self._store.read() as unit:
                owner_id = self._owner(unit, scope, place)
                file = unit.files.get(owner_id, path)
                if file is not None:
                    return file, self._blobs.path(file.blob_id)
                if unit.files.is_folder(owner_id, path):
                    raise InvalidInput(f"{path} is a folder", field="path", remedy="list it")
                raise NotFound(f"No such file: {path}", field="path")

        return await run_sync(read)

    async def delete(self, scope: Scope, place: Place, path: str) -> int:
        """The file or folder is gone; how many files there were."""
        authorise(scope, Verb.DELETE, "file")
        check_path(path)
        return await run_sync(self._store.write, lambda unit: unit.files.remove(self._owner(unit, scope, place), path))

    def collect(self, grace_us: int = GRACE_US) -> int:
        """Deletes the objects that nothing has referred to for longer than the grace; how many there were."""
        total = 0
        while True:
            ids = self._store.write(lambda unit: unit.files.doom(grace_us, 500))
            for id in ids:
                self._blobs.delete(id)
            self._forget(ids)
            total += len(ids)
            if len(ids) < 500:
                return total

    def _forget(self, ids: list[str]) -> None:
        self._store.write(lambda unit: unit.files.forget(ids))


def _finish(upload: Upload, data: bytes) -> tuple[int, str]:
    if data:
        upload.write(data)
    return upload.finish()
