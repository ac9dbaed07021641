"""Uploads whose parts a client sends to S3 itself, and links to read from it."""

from __future__ import annotations

import http.client
import os
from urllib.parse import urlsplit

import pytest
from blake3 import blake3

from assay.core.scope import Scope
from assay.ports.blobs import Part
from assay.services.files import LEASE_S
from assay.testing.files import PLACE, FileHouse
from assay.wire.errors import InvalidInput, NotFound

pytestmark = pytest.mark.parametrize("open_blobs", ["s3"], indirect=True)

PIECES = [os.urandom(5 << 20), os.urandom(5 << 20), b"the end"]
WHOLE = b"".join(PIECES)


def send(method: str, link: str, body: bytes | None = None) -> http.client.HTTPResponse:
    parts = urlsplit(link)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request(method, f"{parts.path}?{parts.query}", body)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    return answer


def sent(links: list[str]) -> list[Part]:
    """The parts, after sending them as a client does: out of order."""
    found = []
    for number in (3, 1, 2):
        answer = send("PUT", links[number - 1], PIECES[number - 1])
        answer.read()
        found.append(Part(number, answer.headers["ETag"]))
    return sorted(found, key=lambda part: part.number)


def test_a_file_comes_in_parts(house: FileHouse) -> None:
    """Its digest is the server's own, computed afterwards: until then nothing is deduped against it."""
    upload_id, links = house.files.begin(Scope(), PLACE, "a/big", 3)
    with pytest.raises(NotFound):
        house.get("a/big")
    digest = house.files.complete(Scope(), PLACE, "a/big", upload_id, sent(links))
    assert house.get("a/big") == WHOLE
    assert house.sql("SELECT size, blake3, state FROM blob") == [(len(WHOLE), None, 1)]
    assert house.sql("SELECT * FROM upload") == []
    digest()
    assert house.sql("SELECT size, blake3, state FROM blob") == [(len(WHOLE), blake3(WHOLE).hexdigest(), 1)]
    assert house.get("a/big") == WHOLE


def test_a_collection_computes_the_digests_that_a_crash_left_out(house: FileHouse) -> None:
    upload_id, links = house.files.begin(Scope(), PLACE, "big", 3)
    house.files.complete(Scope(), PLACE, "big", upload_id, sent(links))
    assert house.collect().digested == 1
    assert house.sql("SELECT blake3 FROM blob") == [(blake3(WHOLE).hexdigest(),)]
    assert house.collect().digested == 0


def test_a_lease_ends_and_a_sweep_aborts_the_upload(house: FileHouse) -> None:
    upload_id, links = house.files.begin(Scope(), PLACE, "big", 3)
    parts = sent(links)
    house.sql(f"UPDATE upload SET lease_until_us = lease_until_us - {LEASE_S * 1_000_000}")
    with pytest.raises(NotFound, match="under way"):
        house.files.complete(Scope(), PLACE, "big", upload_id, parts)
    done = house.collect()
    assert (done.aborted, done.deleted) == (1, 1)
    assert house.sql("SELECT * FROM upload") == house.sql("SELECT * FROM blob") == []
    assert house.blobs.sweep(9_000_000_000_000_000) == 0
    assert house.held() == set()


def test_an_upload_under_lease_is_left_alone(house: FileHouse) -> None:
    """However long ago it began, and however short the grace: its object and row are not yet garbage."""
    upload_id, links = house.files.begin(Scope(), PLACE, "big", 3)
    parts = sent(links)
    assert house.store.write(lambda unit: unit.blobs.doom(-1, 10)) == []
    house.files.complete(Scope(), PLACE, "big", upload_id, parts)
    assert house.get("big") == WHOLE


def test_an_aborted_upload_is_gone(house: FileHouse) -> None:
    upload_id, links = house.files.begin(Scope(), PLACE, "big", 3)
    parts = sent(links)
    house.files.abort(Scope(), PLACE, "big", upload_id)
    assert house.blobs.sweep(9_000_000_000_000_000) == 0
    with pytest.raises(NotFound):
        house.files.complete(Scope(), PLACE, "big", upload_id, parts)
    with pytest.raises(NotFound):
        house.files.abort(Scope(), PLACE, "big", upload_id)
    assert house.collect().deleted == 1


def test_an_upload_is_of_one_path(house: FileHouse) -> None:
    """Knowing its name overwrites no other file."""
    house.sql("SELECT 1")
    upload_id, links = house.files.begin(Scope(), PLACE, "big", 3)
    parts = sent(links)
    for act in (
        lambda: house.files.complete(Scope(), PLACE, "other", upload_id, parts),
        lambda: house.files.abort(Scope(), PLACE, "other", upload_id),
    ):
        with pytest.raises(InvalidInput):
            act()
    house.files.complete(Scope(), PLACE, "big", upload_id, parts)


@pytest.mark.parametrize(
    "parts", [[], [Part(1, " ")], [Part(1, '"nonsense"')], [Part(1, "<&>")], [Part(1, "x")] * 10_001]
)
def test_parts_that_were_not_sent_make_no_file(house: FileHouse, parts: list[Part]) -> None:
    upload_id, _ = house.files.begin(Scope(), PLACE, "big", 3)
    with pytest.raises(InvalidInput):
        house.files.complete(Scope(), PLACE, "big", upload_id, parts)
    with pytest.raises(NotFound):
        house.get("big")


@pytest.mark.parametrize("count", [0, -1, 10_001])
def test_a_number_of_parts_has_bounds(house: FileHouse, count: int) -> None:
    with pytest.raises(InvalidInput):
        house.files.begin(Scope(), PLACE, "big", count)


@pytest.mark.parametrize("name", ["plain.bin", 'süß & "quoted" +name?.bin'])
def test_a_link_gives_the_file_under_its_name(house: FileHouse, name: str) -> None:
    house.blobs.put("a" * 16, b"content")
    answer = send("GET", house.blobs.link("a" * 16, name, 60))
    assert answer.read() == b"content"
    assert "attachment" in answer.headers["Content-Disposition"]
