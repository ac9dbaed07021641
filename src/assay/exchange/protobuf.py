"""Protocol Buffers' wire format, as far as reading foreign logs needs it: no schema, no generated code.

A message is its fields by number. What a number means, and whether a varint is signed, knows who asks.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

Field = (
    int | float | bytes
)  # a varint, a fixed32 or fixed64 (both are only used for float and double), a text or message
FIELDS = 1_000_000  # of one message
_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")


class Malformed(ValueError):
    """The bytes are no message, or not the one that was expected."""


def fields(data: bytes) -> Iterator[tuple[int, Field]]:
    """Number and value of each field in turn.

    Raises:
        Malformed: The bytes are no message.
    """
    at, end = 0, len(data)
    while at < end:
        tag = data[at]
        at += 1
        if tag > 0x7F:
            tag, at = _varint(data, at - 1)
        kind = tag & 7
        value: Field
        if kind == 2:
            if at < end and data[at] < 0x80:
                length = data[at]
                at += 1
            else:
                length, at = _varint(data, at)
            value = data[at : at + length]
            at += length
            if at > end:
                raise Malformed("a field goes on after the end")
        elif kind == 0:
            value, at = _varint(data, at)
        elif kind == 1 and at + 8 <= end:
            value = _DOUBLE.unpack_from(data, at)[0]
            at += 8
        elif kind == 5 and at + 4 <= end:
            value = _FLOAT.unpack_from(data, at)[0]
            at += 4
        else:
            raise Malformed("a field is cut short, or of a kind that is not used")
        yield tag >> 3, value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins there, and where it ends."""
    value = shift = 0
    for byte in data[at : at + 10]:
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
    raise Malformed("a number is cut short")


def text_of(value: Field) -> str:
    """The text; bytes that are no UTF-8 are shown as U+FFFD. Raises Malformed if it is a number."""
    if not isinstance(value, bytes):
        raise Malformed("a text was expected")
    return value.decode(errors="replace")


class Message:
    """The fields of one message. A field of another kind than the one asked for is Malformed."""

    __slots__ = ("_fields",)

    def __init__(self, data: Field = b"") -> None:
        if not isinstance(data, bytes):
            raise Malformed("a message was expected")
        found: dict[int, list[Field]] = {}
        for count, (number, value) in enumerate(fields(data)):
            if count >= FIELDS:
                raise Malformed(f"a message has more than {FIELDS} fields")
            found.setdefault(number, []).append(value)
        self._fields = found

    def __contains__(self, number: int) -> bool:
        return number in self._fields

    def all(self, number: int) -> list[Field]:
        """The values of a repeated field."""
        return self._fields.get(number, [])

    def raw(self, number: int) -> bytes:
        """The bytes of a field, empty where it is not set."""
        value = self._last(number, b"")
        if not isinstance(value, bytes):
            raise Malformed(f"field {number} is no text, bytes or message")
        return value

    def text(self, number: int) -> str:
        """The text of a field, empty where it is not set."""
        return text_of(self.raw(number))

    def texts(self, number: int) -> list[str]:
        """The texts of a repeated field."""
        return [text_of(value) for value in self.all(number)]

    def part(self, number: int) -> Message:
        """The message in a field, without fields where it is not set."""
        return Message(self.raw(number))

    def parts(self, number: int) -> list[Message]:
        """The messages of a repeated field."""
        return [Message(value) for value in self.all(number)]

    def integer(self, number: int) -> int:
        """The signed number of a field, 0 where it is not set."""
        value = self._last(number, 0)
        if not isinstance(value, int):
            raise Malformed(f"field {number} is no whole number")
        return value - (1 << 64) if value >> 63 else value

    def real(self, number: int) -> float:
        """The float or double of a field, 0 where it is not set."""
        value = self._last(number, 0.0)
        if not isinstance(value, float):
            raise Malformed(f"field {number} is no float")
        return value

    def reals(self, number: int, width: int) -> list[float]:
        """The numbers of a repeated field of floats (width 4) or doubles (8), packed or not."""
        packing = (_FLOAT if width == 4 else _DOUBLE).format.lstrip("<")
        found: list[float] = []
        for value in self.all(number):
            if isinstance(value, bytes):
                if len(value) % width:
                    raise Malformed(f"field {number} is cut short")
                found += struct.unpack(f"<{len(value) // width}{packing}", value)
            elif isinstance(value, float):
                found.append(value)
            else:
                raise Malformed(f"field {number} is no float")
        return found

    def integers(self, number: int) -> list[int]:
        """The signed numbers of a repeated field, packed or not."""
        found: list[int] = []
        for value in self.all(number):
            if isinstance(value, int):
                found.append(value)
                continue
            if isinstance(value, float):
                raise Malformed(f"field {number} is no whole number")
            at = 0
            while at < len(value):
                one, at = _varint(value, at)
                found.append(one)
        return [value - (1 << 64) if value >> 63 else value for value in found]

    def _last(self, number: int, otherwise: Field) -> Field:
        values = self._fields.get(number)
        return values[-1] if values else otherwise
