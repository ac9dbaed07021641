"""A store of objects of each kind, and a catalog beside it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.s3 import S3, s3_server
from support.stores import open_store

from assay.blobs.local import LocalBlobs
from assay.blobs.objects import ObjectBlobs
from assay.core.scope import Scope
from assay.services.collection import Collected, collect
from assay.services.files import FileService, LooseFiles

PLACE = LooseFiles()
SECOND_US = 1_000_000


def new_uid() -> str:
    return uuid.uuid4().hex


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    with s3_server() as running:
        yield running


@pytest.fixture(params=["folder", "s3"])
def open_blobs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Opens the same store of objects, again and again, as several replicas or restarts would."""
    if request.param == "folder":
        return lambda: LocalBlobs(tmp_path / "files")
    running = request.getfixturevalue("s3")
    for name, value in running.env.items():
        monkeypatch.setenv(name, value)
    address = f"s3://{running.bucket()}/a/prefix"
    return lambda: ObjectBlobs(address)


@pytest.fixture
def blobs(open_blobs: Callable[[], Any]) -> Any:
    return open_blobs()


@dataclass
class House:
    """Files over a store of objects, as a replica holds them."""

    store: Any
    blobs: Any
    files: FileService

    async def put(self, path: str, data: bytes, scope: Scope | None = None) -> None:
        """Logs a file, in pieces as they would arrive."""

        async def chunks() -> Any:
            for at in range(0, len(data), 200_000):
                yield data[at : at + 200_000]

        await self.files.put(scope or Scope(), PLACE, path, chunks())

    def get(self, path: str) -> bytes:
        """The file's bytes."""
        file = self.files.open(Scope(), PLACE, path)
        return b"".join(self.files.read(file, 0, file.size))

    def sql(self, text: str) -> list[tuple[Any, ...]]:
        """Rows of the catalog."""

        def work(unit: Any) -> list[tuple[Any, ...]]:
            found = unit.connection.exec_driver_sql(text)
            return [tuple(row) for row in found] if found.returns_rows else []

        return self.store.write(work)

    def held(self) -> set[str]:
        """The objects that lie in the store."""
        return {held.id for held in self.blobs.held()}

    def collect(self, grace_us: int = -SECOND_US, fresh_us: int = -SECOND_US) -> Collected:
        """What a collection without any grace does in a second from now."""
        return collect(self.store, self.blobs, grace_us, fresh_us)


@pytest.fixture(params=["sqlite", "postgresql"])
def house(blobs: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    with open_store(request.param, tmp_path, lambda: request.getfixturevalue("database_server")) as store:
        yield House(store, blobs, FileService(store, blobs, new_uid))
