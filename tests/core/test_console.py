"""The stored form of console lines: what goes in comes out, and damage is told, never guessed."""

from __future__ import annotations

import zlib
from contextlib import suppress

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from assay.core.console import BODY, LINE, LINES, TEXT, decode, encode, pieces
from assay.core.envelope import HEADER, RAW, ZSTD
from assay.core.tracking import ConsoleLine, Stream
from assay.wire.errors import Corrupt

LINE_OF = st.builds(ConsoleLine, st.sampled_from(Stream), st.integers(0, 2**63 - 1), st.text(max_size=40))
SOME = [ConsoleLine(Stream.STDERR, 1_000_000 + at, f"line {at}") for at in range(100)]


@given(st.lists(LINE_OF, max_size=30))
def test_what_goes_in_comes_out(lines: list[ConsoleLine]) -> None:
    assert decode(encode(lines)) == lines


@pytest.mark.parametrize(
    "lines",
    [SOME * 50, [ConsoleLine(Stream.STDOUT, 0, "x" * LINE)] * 20, [ConsoleLine(Stream.STDOUT, 0, "🦊" * 1_000)] * 999],
    ids=["many", "long", "wide"],
)
def test_pieces_are_all_the_lines_and_each_is_a_payload(lines: list[ConsoleLine]) -> None:
    found = list(pieces(lines))
    assert [line for piece in found for line in piece] == lines
    assert len(found) > 1
    for piece in found:
        assert 0 < len(piece) <= LINES
        assert sum(len(line.text.encode()) for line in piece) <= TEXT
        assert decode(encode(piece)) == piece
    assert list(pieces([])) == []


def test_lines_that_repeat_are_small() -> None:
    assert len(encode(SOME)) < 8 * len(SOME)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_told(at: int, change: int) -> None:
    payload = bytearray(encode(SOME))
    payload[at % len(payload)] ^= change
    with pytest.raises(Corrupt):
        decode(bytes(payload))


@given(st.integers(0, 10_000))
def test_a_cut_payload_is_told(at: int) -> None:
    payload = encode(SOME)
    with pytest.raises(Corrupt):
        decode(payload[: at % len(payload)])


@given(st.binary(max_size=200), st.sampled_from([RAW, ZSTD]), st.integers(0, 400))
def test_bytes_with_a_right_checksum_are_lines_or_corrupt(body: bytes, codec: int, size: int) -> None:
    packed = body if codec == RAW else zstandard.compress(body)
    with suppress(Corrupt):
        assert len(decode(HEADER.pack(1, codec, zlib.crc32(packed), size) + packed)) <= size


def test_a_frame_that_would_fill_the_memory_is_not_expanded() -> None:
    packed = zstandard.compress(bytes(64 << 20))
    for size in (64 << 20, BODY, 100):
        with pytest.raises(Corrupt):
            decode(HEADER.pack(1, ZSTD, zlib.crc32(packed), size) + packed)
