"""The stored form of points: what goes in comes out, and damage is told, never guessed."""

from __future__ import annotations

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from assay.core.envelope import HEADER, RAW, ZSTD
from assay.core.points import payload
from assay.core.points.columns import Points, concat, empty, from_lists
from assay.core.points.payload import decode, decode_all, encode
from assay.testing.strategies import points
from assay.wire.errors import Corrupt, TooLarge


def bits(found: Points) -> list[bytes]:
    """The columns byte by byte: NaN and -0.0 too."""
    columns = (found.key, found.context, found.row, found.step, found.time_us, found.value)
    assert [str(column.dtype) for column in columns] == ["int64"] * 5 + ["float64"]
    return [column.tobytes() for column in columns]


def sealed(codec: int, packed: bytes, size: int, format_: int = 1) -> bytes:
    """A payload whose checksum is right."""
    return HEADER.pack(format_, codec, zlib.crc32(packed), size) + packed


@given(points(), st.integers(1, 9))
@example(empty(), 1)
def test_what_goes_in_comes_out(given_points: Points, level: int) -> None:
    payload = encode(given_points, level)
    assert bits(decode(payload)) == bits(given_points)
    assert encode(given_points, level) == payload


@given(points().filter(lambda some: len(some) > 0))
def test_a_single_point_is_stored_as_any_other(given_points: Points) -> None:
    """It takes a shorter way to the same bytes, but for the width of what is not finite; both are read."""
    single = given_points.take(slice(0, 1))
    body = payload._body(single)
    assert bits(decode(sealed(RAW, body, len(body)))) == bits(single)
    if np.isfinite(single.value[0]):
        assert encode(single) == sealed(RAW, body, len(body))


def split(some: Points) -> list[Points]:
    """Each point by itself."""
    return [some.take(slice(at, at + 1)) for at in range(len(some))]


@given(st.lists(points(), max_size=4), points())
def test_many_come_out_together(parts: list[Points], single: Points) -> None:
    given_points = [*parts, *split(single)]
    found = decode_all([encode(part) for part in given_points])
    assert bits(found.normal()) == bits(concat(given_points).normal())
    assert len(found) == sum(map(len, given_points))


@given(st.integers(0, 9), st.integers(0, 67), st.integers(1, 255))
def test_damage_to_one_of_many_is_told(which: int, at: int, by: int) -> None:
    payloads = [encode(from_lists([1], [step], [step], [step + 0.1])) for step in range(10)]
    payloads[which] = b"".join(
        bytes([byte ^ by]) if place == at else bytes([byte]) for place, byte in enumerate(payloads[which])
    )
    with pytest.raises(Corrupt):
        decode_all(payloads)


def test_a_payload_as_long_as_a_single_one_that_is_none_comes_out() -> None:
    one, two = from_lists([1], [2], [3], [0.1]), from_lists([1, 1], [2, 2], [3, 3], [0.25, 0.5])
    assert len(encode(one)) == len(encode(two))
    payloads = [encode(one)] * 6 + [encode(two)] * 6
    assert bits(decode_all(payloads).normal()) == bits(concat([one, two]).normal())


def test_a_large_batch_comes_out_and_is_small() -> None:
    n = 100_000
    rng = np.random.default_rng(1)
    walk = np.cumsum(rng.standard_normal(n)).astype(np.float32).astype(np.float64)
    large = from_lists(np.full(n, 3), np.arange(n), np.arange(n) * 1_000_000, walk)
    payload = encode(large)
    assert bits(decode(payload)) == bits(large)
    assert len(payload) < 5 * n


@given(points(), st.data())
def test_any_change_of_a_byte_is_told(given_points: Points, data: st.DataObject) -> None:
    payload = bytearray(encode(given_points))
    at = data.draw(st.integers(0, len(payload) - 1))
    payload[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Corrupt):
        decode(bytes(payload))


@given(points(), st.data())
def test_any_cut_is_told(given_points: Points, data: st.DataObject) -> None:
    payload = encode(given_points)
    with pytest.raises(Corrupt):
        decode(payload[: data.draw(st.integers(0, len(payload) - 1))])


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused(payload: bytes) -> None:
    with pytest.raises(Corrupt):
        decode(payload)


@given(st.binary(max_size=120) | st.binary(min_size=54, max_size=120).map(lambda body: b"\1\0\0\0" + bytes(50) + body))
def test_a_right_checksum_over_nonsense_is_refused_or_reads_as_points(body: bytes) -> None:
    """Whoever can write the checksum can write points, but never crash the reader."""
    for codec, packed in ((RAW, body), (ZSTD, zstandard.compress(body)), (ZSTD, body)):
        try:
            found = decode(sealed(codec, packed, len(body)))
        except Corrupt:
            continue
        assert bits(decode(encode(found))) == bits(found)


@given(points(max_size=5), st.data())
def test_a_body_changed_under_a_right_checksum_never_crashes(given_points: Points, data: st.DataObject) -> None:
    payload = encode(given_points)
    packed = payload[HEADER.size :]
    _, codec, _, size = HEADER.unpack_from(payload)
    body = bytearray(packed if codec == RAW else zstandard.decompress(packed))
    at = data.draw(st.integers(4, len(body) - 1))  # the count itself stays: it may ask for 4 million points
    body[at] ^= data.draw(st.integers(1, 255))
    try:
        found = decode(sealed(RAW, bytes(body), size))
    except Corrupt:
        return
    assert len(found) == len(given_points)


@pytest.mark.parametrize("format_", [0, 2, 255])
def test_a_newer_format_says_what_to_do(format_: int) -> None:
    with pytest.raises(Corrupt) as refused:
        decode(sealed(RAW, b"", 0, format_))
    assert refused.value.remedy == "upgrade the server"


@pytest.mark.parametrize("size", [0, 100, 1 << 20, (1 << 32) - 1])
def test_memory_is_bounded_by_the_size_that_is_claimed(size: int) -> None:
    """A bomb expands to at most what its header claims, and an impossible claim is refused before anything is made."""
    bomb = zstandard.ZstdCompressor(level=1, write_content_size=False).compress(bytes(64 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(Corrupt):
            decode(sealed(ZSTD, bomb, size))
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_a_count_beyond_the_bound_is_refused() -> None:
    body = struct.pack("<I", (1 << 22) + 1) + (b"\0" + bytes(8)) * 5 + b"\x11"
    with pytest.raises(Corrupt):
        decode(sealed(RAW, body, len(body)))


def test_a_payload_has_a_bound() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payload, "MAX_POINTS", 3)
        with pytest.raises(TooLarge, match="4 points at one step"):
            payload.encode(from_lists([1] * 4, [0] * 4, [0] * 4, [1.0, 2.0, 3.0, 4.0]))
