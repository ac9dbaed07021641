"""Framing: what was written is read; what is damaged is told; nothing is made up, and nothing hangs."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.exchange import records
from assay.exchange.protobuf import Malformed, Message, fields
from assay.exchange.records import BLOCK, CUT, DAMAGED, LARGE, LOG_HEAD, crc32c, is_log, log_records, masked, tf_records


def log_of(bodies: list[bytes]) -> bytes:
    """A log as W&B writes it."""
    out = bytearray(LOG_HEAD)
    for body in bodies:
        at, first = 0, True
        while first or at < len(body):
            left = BLOCK - len(out) % BLOCK
            if left < 7:
                out += bytes(left)
                continue
            piece = body[at : at + left - 7]
            at += len(piece)
            kind = (1 if at == len(body) else 2) if first else (4 if at == len(body) else 3)
            first = False
            out += struct.pack("<IHB", zlib.crc32(bytes([kind]) + piece), len(piece), kind) + piece
            if kind in (1, 4):
                break
    return bytes(out)


def tf_of(bodies: list[bytes]) -> bytes:
    """A file of TFRecords."""
    out = b""
    for body in bodies:
        size = struct.pack("<Q", len(body))
        out += size + struct.pack("<I", masked(crc32c(size))) + body + struct.pack("<I", masked(crc32c(body)))
    return out


def read_log(data: bytes) -> tuple[list[bytes], set[str]]:
    """The records of a log, and what is told."""
    told: set[str] = set()
    file = io.BytesIO(data)
    return (list(log_records(file, told.add)) if is_log(file) else []), told


def read_tf(data: bytes) -> tuple[list[bytes], set[str]]:
    """The records of TFRecords, and what is told."""
    told: set[str] = set()
    return list(tf_records(io.BytesIO(data), told.add)), told


FORMS = pytest.mark.parametrize(("write", "read"), [(log_of, read_log), (tf_of, read_tf)], ids=["log", "tf"])
Write, Read = Callable[[list[bytes]], bytes], Callable[[bytes], tuple[list[bytes], set[str]]]
bodies = st.lists(
    st.one_of(
        st.binary(min_size=1, max_size=60),
        st.integers(1, 3 * BLOCK).map(lambda size: bytes(at * 7 % 251 for at in range(size))),
        st.sampled_from([BLOCK - 7, BLOCK - 14, BLOCK - 15, BLOCK - 20, BLOCK, 2 * BLOCK - 14]).map(bytes),
    ),
    max_size=6,
)


@FORMS
@given(written=bodies)
def test_what_was_written_is_read(write: Write, read: Read, written: list[bytes]) -> None:
    """Records of all sizes, also such that end where a block does."""
    assert read(write(written)) == (written, set())


@FORMS
@given(written=bodies.filter(bool), data=st.data())
def test_a_file_that_was_cut(write: Write, read: Read, written: list[bytes], data: st.DataObject) -> None:
    """The records before the cut are read; that there is a cut is told unless it lies between records."""
    whole = write(written)
    begin = len(write([]))
    at = data.draw(st.integers(begin, len(whole) - 1))
    found, told = read(whole[:at])
    assert found == written[: len(found)]
    assert len(write(written[: len(found) + 1])) > at
    assert told <= {CUT}
    if not told:
        assert not whole[len(write(found)) : at].strip(b"\0")


@FORMS
@given(written=bodies.filter(bool), data=st.data())
def test_a_file_that_was_changed(write: Write, read: Read, written: list[bytes], data: st.DataObject) -> None:
    """No record is read that was not written, and that some are missing is told."""
    changed = bytearray(write(written))
    begin = len(write([]))
    for at in data.draw(st.lists(st.integers(begin, len(changed) - 1), min_size=1, max_size=5)):
        changed[at] ^= data.draw(st.integers(1, 255))
    found, told = read(bytes(changed))
    rest = iter(written)
    assert all(one in rest for one in found)
    assert len(found) == len(written) or told


def test_after_damage_a_log_goes_on_with_its_next_block() -> None:
    """Only what lies in the damaged block is lost."""
    written = [bytes([at]) * 10_000 for at in range(20)]
    data = bytearray(log_of(written))
    data[BLOCK + 5_000] ^= 1
    found, told = read_log(bytes(data))
    assert told == {DAMAGED}
    assert len(found) >= 15
    assert found[0] == written[0]
    assert found[-1] == written[-1]


def test_a_record_with_damaged_data_costs_itself_only() -> None:
    """The length of a TFRecord has a checksum of its own."""
    data = bytearray(tf_of([b"one", b"two", b"three"]))
    data[12 + 3 + 4 + 12] ^= 1
    assert read_tf(bytes(data)) == ([b"one", b"three"], {DAMAGED})


@pytest.mark.parametrize("size", [2**20 + 1, 2**62, 2**64 - 1])
def test_a_length_is_checked_before_it_is_read(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that is too long is passed over; one that cannot be there ends the file."""
    monkeypatch.setattr(records, "RECORD_BOUND", 2**20)
    head = struct.pack("<Q", size)
    data = head + struct.pack("<I", masked(crc32c(head)))
    assert read_tf(data) == ([], {CUT})
    if size < 2**30:
        assert read_tf(data + bytes(size + 4) + tf_of([b"after"])) == ([b"after"], {LARGE})


def test_a_long_record_of_a_log_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after it is read."""
    monkeypatch.setattr(records, "RECORD_BOUND", 100_000)
    assert read_log(log_of([b"before", bytes(200_000), b"after"])) == ([b"before", b"after"], {LARGE})


def test_checksums() -> None:
    """The Castagnoli checksum of known texts, and of long ones the same in lanes as byte by byte."""
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    data = bytes(at * 31 % 253 for at in range(200_003))
    in_lanes = crc32c(data)
    state = 0xFFFF_FFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = (state >> 1) ^ (0x82F63B78 if state & 1 else 0)
    assert in_lanes == state ^ 0xFFFF_FFFF


def encoded(number: int, value: Any) -> bytes:
    """A field on the wire."""
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    return varint(number << 3) + varint(value % 2**64)


def varint(value: int) -> bytes:
    """A number on the wire."""
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


numbers = st.integers(1, 2**29 - 1)
values = st.one_of(st.binary(max_size=300), st.floats(allow_nan=False), st.integers(0, 2**64 - 1))


@given(st.lists(st.tuples(numbers, values)))
def test_fields_are_read_as_written(written: list[tuple[int, Any]]) -> None:
    """Numbers, texts and doubles, in order."""
    assert list(fields(b"".join(encoded(*one) for one in written))) == written


@given(st.integers(-(2**63), 2**63 - 1))
def test_numbers_have_signs(number: int) -> None:
    """A negative number fills ten bytes."""
    assert Message(encoded(3, number)).integer(3) == number


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    """Nothing else is raised, and it comes to an end."""

    def tried() -> Iterator[object]:
        message = Message(data)
        for number in range(20):
            for read in (message.text, message.integer, message.real, message.part, message.parts, message.texts):
                try:
                    yield read(number)
                except Malformed:
                    yield None
            try:
                yield message.reals(number, 8), message.reals(number, 4), message.integers(number)
            except Malformed:
                yield None

    try:
        list(tried())
    except Malformed:
        assert data
