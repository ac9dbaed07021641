"""What a catalog and a store of objects promise together. Subclass, and give a fixture `house` of a fresh pair."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from assay.core.scope import Scope
from assay.services.collection import Collected, collect
from assay.services.files import FileService, LooseFiles, RunFiles, check_path
from assay.testing.house import new_uid
from assay.wire.errors import Corrupt, InvalidInput, NotFound, Unavailable

PLACE = LooseFiles()
LARGE = os.urandom(1_000_003) * 6
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
LIVE, CONDEMNED = 1, 2


@dataclass
class FileHouse:
    """Files over an SQL catalog and a store of objects, as a replica holds them."""

    store: Any
    blobs: Any
    files: FileService = field(init=False)

    def __post_init__(self) -> None:
        self.files = FileService(self.store, self.blobs, new_uid)

    def put(self, path: str, data: bytes, scope: Scope | None = None) -> None:
        """Logs a file, in pieces as they would arrive."""

        async def chunks() -> Any:
            for at in range(0, len(data), 200_000):
                yield data[at : at + 200_000]

        asyncio.run(self.files.put(scope or Scope(), PLACE, path, chunks()))

    def get(self, path: str) -> bytes:
        """The file's bytes."""
        file = self.files.open(Scope(), PLACE, path)
        return b"".join(self.files.read(file, 0, file.size))

    def delete(self, path: str) -> None:
        """Nothing lies at the path or below it."""
        asyncio.run(self.files.delete(Scope(), PLACE, path))

    def sql(self, text: str) -> list[tuple[Any, ...]]:
        """Rows of the catalog."""

        def work(unit: Any) -> list[tuple[Any, ...]]:
            found = unit.connection.exec_driver_sql(text)
            return [tuple(row) for row in found] if found.returns_rows else []

        rows: list[tuple[Any, ...]] = self.store.write(work)
        return rows

    def states(self) -> list[int]:
        """The states of all objects, in order."""
        return sorted(row[0] for row in self.sql("SELECT state FROM blob"))

    def age(self, us: int) -> None:
        """All objects have been in their states for so much longer."""
        self.sql(f"UPDATE blob SET since_us = since_us - {us}")  # noqa: S608 -- a number

    def held(self) -> set[str]:
        """The objects that lie in the store."""
        return {held.id for held in self.blobs.held()}

    def collect(self, grace_us: int = -SECOND_US, fresh_us: int = -SECOND_US) -> Collected:
        """What a collection without any grace does in a second from now."""
        return collect(self.store, self.blobs, grace_us, fresh_us)


class FileContract:
    """References and objects change together, and nothing that is named is ever lost."""

    @pytest.mark.parametrize("data", [b"", b"small", LARGE])
    def test_a_file_is_read_as_it_was_logged(self, house: FileHouse, data: bytes) -> None:
        house.put("a/file", data)
        assert house.get("a/file") == data
        assert [entry.size for entry in asyncio.run(house.files.children(Scope(), PLACE, "a"))] == [len(data)]

    @pytest.mark.parametrize("limit", [1, 2, 5, 100])
    def test_all_files_of_a_tree_are_listed_by_path(self, house: FileHouse, limit: int) -> None:
        assert house.files.walk(Scope(), PLACE).items == []
        paths = ["a.b", "a/b", "a/c", "b/c/d", "b/e", "é", "🦊"]
        for path in reversed(paths):
            house.put(path, path.encode())
        found: list[Any] = []
        after: str | None = None
        while True:
            page = house.files.walk(Scope(), PLACE, after, limit)
            assert len(page.items) <= limit
            found += page.items
            after = page.next_token
            if after is None:
                break
        assert found == [house.files.open(Scope(), PLACE, path) for path in sorted(paths)]
        assert house.files.walk(replace(Scope(), workspace_id=77), PLACE).items == []
        with pytest.raises(NotFound):
            house.files.walk(Scope(), RunFiles("0" * 32))
        with pytest.raises(InvalidInput):
            house.files.walk(Scope(), PLACE, "a\0b")

    @pytest.mark.parametrize("data", [b"small", LARGE])
    def test_the_name_of_an_object_is_never_used_again(self, house: FileHouse, data: bytes) -> None:
        house.put("file", data)
        first = house.held()
        house.put("file", data[::-1])
        assert len(house.held()) == 2
        assert first < house.held()
        assert house.get("file") == data[::-1]

    @pytest.mark.parametrize("data", [b"small", LARGE])
    def test_what_was_sent_before_is_kept_once(self, house: FileHouse, data: bytes) -> None:
        house.put("one", data)
        kept = house.held()
        house.put("two", data)
        assert house.states() == [LIVE, CONDEMNED]
        house.collect()
        assert house.held() == kept
        assert house.get("one") == house.get("two") == data

    def test_contents_are_never_shared_between_workspaces(self, house: FileHouse) -> None:
        """Knowing a digest fetches nobody else's file."""
        house.put("one", b"the same")
        house.put("one", b"the same", replace(Scope(), workspace_id=77))
        assert house.states() == [LIVE, LIVE]
        assert len(house.held()) == 2

    def test_the_same_content_revives_what_was_condemned(self, house: FileHouse) -> None:
        house.put("one", b"content")
        kept = house.held()
        house.delete("one")
        assert house.states() == [CONDEMNED]
        house.put("two", b"content")
        house.collect()
        assert house.held() == kept
        assert house.get("two") == b"content"

    def test_garbage_is_kept_for_the_grace_and_then_deleted(self, house: FileHouse) -> None:
        house.put("gone", b"x")
        house.put("stays", b"y")
        house.delete("gone")
        assert house.collect(DAY_US).deleted == 0
        assert len(house.held()) == 2
        house.age(DAY_US)
        assert house.collect(DAY_US).deleted == 1
        assert len(house.held()) == 1
        assert house.states() == [LIVE]
        assert house.get("stays") == b"y"

    def test_a_collection_that_died_is_taken_up(self, house: FileHouse) -> None:
        """The object is deleted before its row, so that no object is ever forgotten."""
        house.put("gone", b"x")
        house.delete("gone")
        assert len(house.store.write(lambda unit: unit.blobs.doom(0, 10))) == 1
        assert len(house.held()) == 1
        assert house.collect().deleted == 1
        assert house.held() == set()
        assert house.states() == []

    def test_an_object_without_a_row_is_deleted_when_it_is_old(self, house: FileHouse) -> None:
        """As a crash leaves it that came between the object and its row."""
        house.put("file", b"x")
        orphan = new_uid()
        house.blobs.put(orphan, b"orphan")
        assert house.collect(fresh_us=3_600_000_000).orphans == 0
        assert orphan in house.held()
        done = house.collect()
        assert (done.orphans, done.deleted) == (1, 1)
        assert orphan not in house.held()
        assert house.get("file") == b"x"

    def test_nobody_refers_to_an_object_that_a_collection_has_taken(self, house: FileHouse) -> None:
        """A writer so slow that its object counted as an orphan is told to send it again."""
        id = new_uid()
        digest = house.blobs.put(id, b"slow")
        assert house.store.write(lambda unit: unit.blobs.adopt([id])) == 1
        with pytest.raises(Unavailable):
            house.store.write(lambda unit: unit.files.add(Scope(), Scope().workspace_id, "slow", id, 4, digest))
        with pytest.raises(NotFound):
            house.get("slow")
        assert house.collect().deleted == 1

    def test_an_upload_that_was_never_finished_is_collected(self, house: FileHouse) -> None:
        house.store.write(lambda unit: unit.blobs.stage(Scope(), new_uid()))
        assert house.collect(DAY_US).deleted == 0
        house.age(DAY_US)
        assert house.collect(DAY_US).deleted == 1

    @pytest.mark.parametrize("data", [b"small", LARGE])
    def test_a_refused_file_leaves_nothing(self, house: FileHouse, data: bytes) -> None:
        house.put("folder/file", b"x")
        before = house.held()
        with pytest.raises(InvalidInput):
            house.put("folder", data)
        assert house.held() == before
        assert house.states() == [LIVE]

    @pytest.mark.parametrize("size", [10, len(LARGE)])
    def test_a_client_that_breaks_off_leaves_no_file(self, house: FileHouse, size: int) -> None:
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
    def test_bytes_are_checked_when_they_are_read_whole(self, house: FileHouse, data: bytes) -> None:
        house.put("file", data)
        (id,) = house.held()
        house.blobs.delete(id)
        upload = house.blobs.create(id)
        upload.write([data[:-1], bytes([data[-1] ^ 1])])
        upload.finish()
        with pytest.raises(Corrupt):
            house.get("file")
        file = house.files.open(Scope(), PLACE, "file")
        assert b"".join(house.files.read(file, 0, 3)) == data[:3]

    def test_an_object_that_is_too_short_is_no_file(self, house: FileHouse) -> None:
        house.put("file", b"12345")
        file = house.files.open(Scope(), PLACE, "file")
        with pytest.raises((Corrupt, Unavailable)):
            list(house.files.read(file, 3, 9))

    @pytest.mark.parametrize(
        "path", ["../x", "/x", "a/../x", "a//x", "", "a\\x", "C:/x", "a/\0", "%2e%2e/x", "x" * 1_001]
    )
    def test_a_path_out_of_the_tree_is_refused(self, house: FileHouse, path: str) -> None:
        with pytest.raises(InvalidInput):
            check_path(path)
        with pytest.raises(InvalidInput):
            house.put(path, b"x")
        assert house.held() == set()
