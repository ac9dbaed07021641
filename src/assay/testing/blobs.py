"""What every store of objects promises. Subclass, and give a fixture `open_blobs` that opens one empty store again."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from blake3 import blake3

from assay.ports.blobs import PIECE, SMALL
from assay.testing.house import new_uid
from assay.wire.errors import InvalidInput, NotFound

LARGE = os.urandom(1_000_003) * 40  # more than two of S3's parts


def read(blobs: Any, id: str, start: int, end: int) -> bytes:
    """The bytes, in pieces as small as was promised."""
    pieces = list(blobs.read(id, start, end))
    assert all(0 < len(piece) <= PIECE for piece in pieces)
    return b"".join(pieces)


class BlobContract:
    """A flat store of immutable objects, which several processes open."""

    @pytest.fixture
    def blobs(self, open_blobs: Callable[[], Any]) -> Any:
        return open_blobs()

    @pytest.mark.parametrize("size", [0, 1, SMALL])
    def test_a_small_object_is_read_as_it_was_put(self, blobs: Any, size: int) -> None:
        id, data = new_uid(), os.urandom(size)
        assert blobs.put(id, data) == blake3(data).hexdigest()
        assert read(blobs, id, 0, size) == data

    @pytest.mark.parametrize("size", [0, 5, len(LARGE)])
    def test_an_upload_has_size_and_digest_when_it_is_finished(self, blobs: Any, size: int) -> None:
        id, data = new_uid(), LARGE[:size]
        upload = blobs.create(id)
        for at in range(0, size, 3_000_000):
            upload.write([data[at : at + 1_000_000], data[at + 1_000_000 : at + 3_000_000]])
        assert upload.finish() == (size, blake3(data).hexdigest())
        assert read(blobs, id, 0, size) == data

    def test_any_range_is_read(self, blobs: Any) -> None:
        id = new_uid()
        upload = blobs.create(id)
        upload.write([LARGE])
        upload.finish()
        for start, end in [(0, 1), (7, 8), (len(LARGE) - 1, len(LARGE)), (PIECE - 1, 9 * PIECE + 1), (5, 5)]:
            assert read(blobs, id, start, end) == LARGE[start:end]

    def test_nobody_sees_an_object_before_it_is_finished(self, blobs: Any, open_blobs: Callable[[], Any]) -> None:
        id = new_uid()
        upload = blobs.create(id)
        upload.write([LARGE])
        assert id not in {held.id for held in blobs.held()}
        with pytest.raises(NotFound):
            next(blobs.read(id, 0, 1))
        upload.finish()
        assert next(open_blobs().read(id, 0, 1)) == LARGE[:1]

    def test_nothing_is_seen_of_an_aborted_upload(self, blobs: Any) -> None:
        id = new_uid()
        upload = blobs.create(id)
        upload.write([LARGE])
        upload.abort()
        upload.abort()
        assert list(blobs.held()) == []

    def test_a_missing_object_is_not_found_and_may_be_deleted(self, blobs: Any) -> None:
        with pytest.raises(NotFound):
            next(blobs.read(new_uid(), 0, 1))
        blobs.delete(new_uid())

    def test_a_deleted_object_is_gone(self, blobs: Any) -> None:
        ids = [new_uid(), new_uid()]
        for id in ids:
            blobs.put(id, b"x")
        assert {held.id for held in blobs.held()} == set(ids)
        blobs.delete(ids[0])
        assert [held.id for held in blobs.held()] == ids[1:]

    @pytest.mark.parametrize(
        "name",
        ["", "../../../etc/passwd", "a" * 15, "a" * 65, "A" * 16, "a" * 15 + "/", "." * 16, "a" * 16 + "\n", "é" * 16],
    )
    def test_a_name_that_is_none_is_refused(self, blobs: Any, name: str) -> None:
        """No name leads out of the store, whatever is done with it."""
        acts: tuple[Callable[[], object], ...] = (
            lambda: blobs.put(name, b"x"),
            lambda: blobs.create(name),
            lambda: next(blobs.read(name, 0, 1)),
            lambda: blobs.delete(name),
        )
        for act in acts:
            with pytest.raises(InvalidInput):
                act()

    def test_all_objects_are_listed_with_their_time(self, blobs: Any) -> None:
        """More than one page of S3's listing, and nothing that is not an object."""
        ids = {new_uid() for _ in range(1_005 if blobs.links else 50)}
        blobs.claim(7)
        threads = [
            threading.Thread(target=lambda some: [blobs.put(id, b"x") for id in some], args=(list(ids)[at::8],))
            for at in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        held = list(blobs.held())
        assert {item.id for item in held} == ids
        assert len({item.modified_us // 600_000_000 for item in held}) <= 2
        assert min(item.modified_us for item in held) > 1_700_000_000_000_000

    def test_one_catalog_claims_the_store(self, open_blobs: Callable[[], Any]) -> None:
        assert open_blobs().owner() is None
        assert open_blobs().claim(41) == 41
        assert open_blobs().claim(42) == 41
        assert open_blobs().owner() == 41

    def test_a_sweep_ends_what_was_begun_and_never_finished(self, blobs: Any) -> None:
        """An upload that its server left alone, as after a crash; a younger one goes on."""
        upload = blobs.create(new_uid())
        upload.write([LARGE])
        assert blobs.sweep(1_000_000_000_000_000) == 0  # this S3 server says of all uploads that they began in 2010
        assert blobs.sweep(9_000_000_000_000_000) == 1
        assert blobs.sweep(9_000_000_000_000_000) == 0
