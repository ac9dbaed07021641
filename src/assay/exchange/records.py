"""Files of framed records, as W&B and TensorBoard write them: each record whole and checked, or told to be damaged.

    LevelDB's log     7 bytes of W&B's own, then blocks of 32 KiB counted from the file's start; in them chunks:
                      `<IHB` CRC-32 of kind and data, length, kind (1 whole, 2 first, 3 middle, 4 last), data
    TFRecord          `<QI` length and its masked CRC-32C, data, `<I` its masked CRC-32C

A program that was killed leaves its file cut short: what stands before is read. After damage a log goes on with its
next block, a file of TFRecords with the next record, or ends where even a length is damaged.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from io import SEEK_CUR, SEEK_END
from typing import IO, Any

Damage = Callable[[str], None]  # told what is wrong
RECORD_BOUND = 64 * 1024 * 1024
LOG_HEAD = b":W&B\xe1\xbe\x00"
BLOCK = 32_768
CUT = "files that end within a record"
DAMAGED = "files with damaged records"
LARGE = f"files with records of more than {RECORD_BOUND} bytes"
_CHUNK = struct.Struct("<IHB")
_TF_HEAD = struct.Struct("<QI")
_TF_END = struct.Struct("<I")
_LANE = 1_024  # bytes
_LANES_FROM = 65_536  # bytes; less is faster without numpy


def is_log(file: IO[bytes]) -> bool:
    """Whether it begins as W&B's logs do; the file is then where its records begin."""
    return file.read(len(LOG_HEAD)) == LOG_HEAD


def log_records(file: IO[bytes], damage: Damage) -> Iterator[bytes]:
    """The records of a log of W&B, which is at its records' begin."""
    first = len(LOG_HEAD)
    pending: list[bytes] | None = None
    size = 0
    while block := file.read(BLOCK - first):
        at, end, whole = 0, len(block), len(block) == BLOCK - first
        first = 0
        while at + _CHUNK.size <= end:
            crc, length, kind = _CHUNK.unpack_from(block, at)
            if not crc and not length and not kind:  # room that was never written
                at = end
                break
            data = block[at + _CHUNK.size : at + _CHUNK.size + length]
            if len(data) < length and not whole:
                break
            if len(data) < length or not 1 <= kind <= 4 or zlib.crc32(data, zlib.crc32(bytes((kind,)))) != crc:
                damage(DAMAGED)
                pending, at = None, end
                break
            at += _CHUNK.size + length
            if kind <= 2 and pending is not None:  # its end is missing
                damage(DAMAGED)
            if kind == 1:
                pending = None
                yield data
            elif kind == 2:
                pending, size = [data], length
            elif pending is not None:
                pending.append(data)
                size += length
                if size > RECORD_BOUND:
                    damage(LARGE)
                    pending = None
                elif kind == 4:
                    record, pending = b"".join(pending), None
                    yield record
        if at < end and (not whole or any(block[at:end])):
            damage(DAMAGED if whole else CUT)
    if pending is not None:
        damage(CUT)


def tf_records(file: IO[bytes], damage: Damage) -> Iterator[bytes]:
    """The records of a file of TFRecords, which can be sought in, from where it is."""
    left = -file.tell()
    file.seek(0, SEEK_END)
    left += file.tell()
    file.seek(-left, SEEK_CUR)
    while left:
        head = file.read(_TF_HEAD.size)
        left -= _TF_HEAD.size
        if len(head) < _TF_HEAD.size:
            damage(CUT)
            return
        length, crc = _TF_HEAD.unpack(head)
        if masked(crc32c(head[:8])) != crc:
            damage(DAMAGED)
            return
        left -= length + _TF_END.size
        if left < 0:
            damage(CUT)
            return
        if length > RECORD_BOUND:
            damage(LARGE)
            file.seek(length + _TF_END.size, SEEK_CUR)
            continue
        data, end = file.read(length), file.read(_TF_END.size)
        if len(data) < length or len(end) < _TF_END.size:  # it became shorter meanwhile
            damage(CUT)
            return
        if masked(crc32c(data)) != _TF_END.unpack(end)[0]:
            damage(DAMAGED)
            continue
        yield data


def masked(crc: int) -> int:
    """The checksum as TFRecords store it."""
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFF_FFFF


def crc32c(data: bytes) -> int:
    """The Castagnoli checksum."""
    state, start = 0xFFFF_FFFF, 0
    if len(data) >= _LANES_FROM:
        start = len(data) - len(data) % _LANE
        shift = _shift()
        for lane in _lanes(data[:start]):
            state = (
                shift[0][state & 255]
                ^ shift[1][(state >> 8) & 255]
                ^ shift[2][(state >> 16) & 255]
                ^ shift[3][state >> 24]
            ) ^ lane
        data = data[start:]
    table = _table()
    for byte in data:
        state = table[(state ^ byte) & 255] ^ (state >> 8)
    return state ^ 0xFFFF_FFFF


@cache
def _table() -> list[int]:
    """What each byte makes of an empty state."""
    found = []
    for byte in range(256):
        state = byte
        for _ in range(8):
            state = (state >> 1) ^ (0x82F63B78 if state & 1 else 0)
        found.append(state)
    return found


@cache
def _shift() -> list[list[int]]:
    """What a lane of zeros makes of a state: its four bytes looked up apart, as the checksum is linear."""
    table = _table()
    of_bit = []
    for bit in range(32):
        state = 1 << bit
        for _ in range(_LANE):
            state = table[state & 255] ^ (state >> 8)
        of_bit.append(state)
    found = []
    for place in range(4):
        row = [0] * 256
        for byte in range(1, 256):
            low = byte & -byte
            row[byte] = row[byte ^ low] ^ of_bit[8 * place + low.bit_length() - 1]
        found.append(row)
    return found


def _lanes(data: bytes) -> list[int]:
    """The state that each lane of the data leaves, all of them computed side by side, each from an empty state."""
    import numpy as np  # only large records need it

    table = np.array(_table(), dtype=np.uint32)
    columns: Any = np.frombuffer(data, dtype=np.uint8).reshape(-1, _LANE).T
    state = np.zeros(columns.shape[1], dtype=np.uint32)
    for column in np.ascontiguousarray(columns):
        state = table[(state ^ column) & 255] ^ (state >> np.uint32(8))
    lanes: list[int] = state.tolist()
    return lanes
