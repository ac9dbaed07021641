"""What the catalog and its store of objects promise together."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from blobs.conftest import PLACE, House, new_uid
from support.s3 import S3

from assay.blobs.local import LocalBlobs
from assay.core.scope import Scope
from assay.services.collection import claim
from assay.services.files import check_path
from assay.wire.errors import Corrupt, InvalidInput, InvalidState, NotFound, Unavailable

LARGE = os.urandom(1_000_003) * 6
DAY_US = 86_400_000_000
LIVE, CONDEMNED = 1, 2


def put(house: House, path: str, data: bytes, scope: Scope | None = None) -> None:
    asyncio.run(house.put(path, data, scope))


def states(house: House) -> list[int]:
    return sorted(row[0] for row in house.sql("SELECT state FROM blob"))


def age(house: House, us: int) -> None:
    house.sql(f"UPDATE blob SET since_us = since_us - {us}")


@pytest.mark.parametrize("data", [b"", b"small", LARGE])
def test_a_file_is_read_as_it_was_logged(house: House, data: bytes) -> None:
    put(house, "a/file", data)
    assert house.get("a/file") == data
    assert [entry.size for entry in asyncio.run(house.files.children(Scope(), PLACE, "a"))] == [len(data)]


@pytest.mark.parametrize("data", [b"small", LARGE])
def test_the_name_of_an_object_is_never_used_again(house: House, data: bytes) -> None:
    put(house, "file", data)
    first = house.held()
    put(house, "file", data[::-1])
    assert len(house.held()) == 2
    assert first < house.held()
    assert house.get("file") == data[::-1]


@pytest.mark.parametrize("data", [b"small", LARGE])
def test_what_was_sent_before_is_kept_once(house: House, data: bytes) -> None:
    put(house, "one", data)
    kept = house.held()
    put(house, "two", data)
    assert states(house) == [LIVE, CONDEMNED]
    house.collect()
    assert house.held() == kept
    assert house.get("one") == house.get("two") == data


def test_contents_are_never_shared_between_workspaces(house: House) -> None:
    """Knowing a digest fetches nobody else's file."""
    put(house, "one", b"the same")
    put(house, "one", b"the same", replace(Scope(), workspace_id=77))
    assert states(house) == [LIVE, LIVE]
    assert len(house.held()) == 2


def test_the_same_content_revives_what_was_condemned(house: House) -> None:
    put(house, "one", b"content")
    kept = house.held()
    asyncio.run(house.files.delete(Scope(), PLACE, "one"))
    assert states(house) == [CONDEMNED]
    put(house, "two", b"content")
    house.collect()
    assert house.held() == kept
    assert house.get("two") == b"content"


def test_garbage_is_kept_for_the_grace_and_then_deleted(house: House) -> None:
    put(house, "gone", b"x")
    put(house, "stays", b"y")
    asyncio.run(house.files.delete(Scope(), PLACE, "gone"))
    assert house.collect(DAY_US).deleted == 0
    assert len(house.held()) == 2
    age(house, DAY_US)
    assert house.collect(DAY_US).deleted == 1
    assert len(house.held()) == 1
    assert states(house) == [LIVE]
    assert house.get("stays") == b"y"


def test_a_collection_that_died_is_taken_up(house: House) -> None:
    """The object is deleted before its row, so that no object is ever forgotten."""
    put(house, "gone", b"x")
    asyncio.run(house.files.delete(Scope(), PLACE, "gone"))
    assert len(house.store.write(lambda unit: unit.blobs.doom(0, 10))) == 1
    assert len(house.held()) == 1
    assert house.collect().deleted == 1
    assert house.held() == set()
    assert states(house) == []


def test_an_object_without_a_row_is_deleted_when_it_is_old(house: House) -> None:
    """As a crash leaves it that came between the object and its row."""
    put(house, "file", b"x")
    orphan = new_uid()
    house.blobs.put(orphan, b"orphan")
    assert house.collect(fresh_us=3_600_000_000).orphans == 0
    assert orphan in house.held()
    done = house.collect()
    assert (done.orphans, done.deleted) == (1, 1)
    assert orphan not in house.held()
    assert house.get("file") == b"x"


def test_nobody_refers_to_an_object_that_a_collection_has_taken(house: House) -> None:
    """A writer so slow that its object counted as an orphan is told to send it again."""
    id = new_uid()
    digest = house.blobs.put(id, b"slow")
    assert house.store.write(lambda unit: unit.blobs.adopt([id])) == 1
    with pytest.raises(Unavailable):
        house.store.write(lambda unit: unit.files.add(Scope(), Scope().workspace_id, "slow", id, 4, digest))
    with pytest.raises(NotFound):
        house.get("slow")
    assert house.collect().deleted == 1


def test_an_upload_that_was_never_finished_is_collected(house: House) -> None:
    house.store.write(lambda unit: unit.blobs.stage(Scope(), new_uid()))
    assert house.collect(DAY_US).deleted == 0
    age(house, DAY_US)
    assert house.collect(DAY_US).deleted == 1


@pytest.mark.parametrize("data", [b"small", LARGE])
def test_a_refused_file_leaves_nothing(house: House, data: bytes) -> None:
    put(house, "folder/file", b"x")
    before = house.held()
    with pytest.raises(InvalidInput):
        put(house, "folder", data)
    assert house.held() == before
    assert states(house) == [LIVE]


@pytest.mark.parametrize("size", [10, len(LARGE)])
def test_a_client_that_breaks_off_leaves_no_file(house: House, size: int) -> None:
    async def broken() -> Any:
        for at in range(0, size, 100_000):
            yield LARGE[at : at + 100_000]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        asyncio.run(house.files.put(Scope(), PLACE, "file", broken()))
    assert house.held() == set()
    with pytest.raises(NotFound):
        house.get("file")


@pytest.mark.parametrize("data", [b"small", LARGE])
def test_bytes_are_checked_when_they_are_read_whole(house: House, data: bytes) -> None:
    put(house, "file", data)
    (id,) = house.held()
    house.blobs.delete(id)
    upload = house.blobs.create(id)
    upload.write([data[:-1], bytes([data[-1] ^ 1])])
    upload.finish()
    with pytest.raises(Corrupt):
        house.get("file")
    file = house.files.open(Scope(), PLACE, "file")
    assert b"".join(house.files.read(file, 0, 3)) == data[:3]


def test_an_object_that_is_too_short_is_no_file(house: House) -> None:
    put(house, "file", b"12345")
    file = house.files.open(Scope(), PLACE, "file")
    with pytest.raises((Corrupt, Unavailable)):
        list(house.files.read(file, 3, 9))


def test_files_belong_to_one_catalog(house: House, tmp_path: Path) -> None:
    """Else one would delete what the other's rows name."""
    claim(house.store, house.blobs, 5)
    claim(house.store, house.blobs, 6)
    assert house.blobs.owner() == 5
    from assay.stores.sqlite import SqliteStore

    other = SqliteStore(tmp_path / "other.db", "other", lambda: 1)
    try:
        with pytest.raises(InvalidState, match="another catalog"):
            claim(other, house.blobs, 7)
    finally:
        other.close()


def test_a_catalog_is_not_served_without_its_files(house: House, tmp_path: Path) -> None:
    put(house, "file", b"x")
    claim(house.store, house.blobs, 5)  # files of a time before claims
    with pytest.raises(InvalidState, match="do not lie here"):
        claim(house.store, LocalBlobs(tmp_path / "empty"), 5)


@pytest.mark.parametrize("path", ["../x", "/x", "a/../x", "a//x", "", "a\\x", "C:/x", "a/\0", "%2e%2e/x", "x" * 1_001])
def test_a_path_out_of_the_tree_is_refused(house: House, path: str) -> None:
    with pytest.raises(InvalidInput):
        check_path(path)
    with pytest.raises(InvalidInput):
        put(house, path, b"x")
    assert house.held() == set()


def test_a_store_that_is_away_is_said_so(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once at the start, with a remedy: a bucket that is not there, an endpoint that does not answer."""
    from assay.blobs import objects

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


def test_a_folder_gives_no_links(tmp_path: Path, house: House, open_blobs: Callable[[], Any]) -> None:
    """And takes no parts; what can, says so."""
    assert house.files.links == house.files.multipart == (not isinstance(open_blobs(), LocalBlobs))
