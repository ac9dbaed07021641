"""The shipped contract of files, over every catalog and store of objects, and what is of one of them only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.s3 import S3

from assay.blobs import objects
from assay.blobs.local import LocalBlobs
from assay.services.collection import claim
from assay.stores.sqlite import SqliteStore
from assay.testing.files import FileContract, FileHouse
from assay.wire.errors import InvalidInput, InvalidState, Unavailable


class TestFiles(FileContract):
    """Files."""


def test_files_belong_to_one_catalog(house: FileHouse, tmp_path: Path) -> None:
    """Else one would delete what the other's rows name."""
    claim(house.store, house.blobs, 5)
    claim(house.store, house.blobs, 6)
    assert house.blobs.owner() == 5
    other = SqliteStore(tmp_path / "other.db", "other", lambda: 1)
    try:
        with pytest.raises(InvalidState, match="another catalog"):
            claim(other, house.blobs, 7)
    finally:
        other.close()


def test_a_catalog_is_not_served_without_its_files(house: FileHouse, tmp_path: Path) -> None:
    house.put("file", b"x")
    claim(house.store, house.blobs, 5)  # files of a time before claims
    with pytest.raises(InvalidState, match="do not lie here"):
        claim(house.store, LocalBlobs(tmp_path / "empty"), 5)


def test_a_store_that_is_away_is_said_so(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once at the start, with a remedy: a bucket that is not there, an endpoint that does not answer."""
    monkeypatch.setitem(objects.RETRY, "max_retries", 0)
    for name, value in s3.env.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Unavailable, match="bucket") as refusal:
        objects.ObjectBlobs("s3://no-such-bucket/x").owner()
    assert refusal.value.remedy
    with pytest.raises(InvalidInput):
        objects.ObjectBlobs("s3://")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="answer"):
        objects.ObjectBlobs("s3://bucket/x").owner()


def test_a_folder_gives_no_links(tmp_path: Path, house: FileHouse, open_blobs: Callable[[], Any]) -> None:
    """And takes no parts; what can, says so."""
    assert house.files.links == house.files.multipart == (not isinstance(open_blobs(), LocalBlobs))
