"""A store of objects of each kind, and a catalog beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.s3 import S3, s3_server
from support.stores import ENGINES, open_store

from assay.blobs.local import LocalBlobs
from assay.blobs.objects import ObjectBlobs
from assay.testing.files import FileHouse


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


@pytest.fixture(params=ENGINES)
def house(blobs: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[FileHouse]:
    with open_store(request.param, tmp_path, lambda: request.getfixturevalue("database_server")) as store:
        yield FileHouse(store, blobs)
