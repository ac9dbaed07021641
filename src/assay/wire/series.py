"""Series in buckets on the wire: a description as JSON, then columns as a browser maps them.

head      `<4sBxxxII`: `assr`, format 1, bytes of the description, number of rows n
document  JSON in UTF-8, zeros up to a multiple of 8 bytes: `columns` names them in order, each with `f8` or `u4`, with
          `=` and the name of an earlier one that it equals, or with the whole number that is all of it; `charts` says
          whose the rows are
columns   those that are `f8`, float64, then those that are `u4`, uint32, each of n numbers; all little-endian

Where every bucket holds one point, which is what a run that has just begun looks like, four of five columns are not
sent.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from assay.wire.errors import InvalidInput

MAGIC, FORMAT = b"assr", 1
HEAD = struct.Struct("<4sBxxxII")
MEDIA_TYPE = "application/vnd.assay.series"
WIDTHS = {"f8": 8, "u4": 4}


def pack(document: Mapping[str, Any], columns: Sequence[tuple[str, str, bytes]]) -> bytes:
    """The answer; `columns` are names, types (`f8` before `u4`) and raw little-endian numbers."""
    n = len(columns[0][2]) // WIDTHS[columns[0][1]]
    named: list[list[str | int]] = []
    sent: dict[str, bytes] = {}
    for name, kind, data in columns:
        if kind == "u4" and data == data[:4] * n:
            named.append([name, int.from_bytes(data[:4], "little")])
        elif (same := next((other for other, known in sent.items() if known == data), None)) is not None:
            named.append([name, f"={same}"])
        else:
            named.append([name, kind])
            sent[name] = data
    text = json.dumps({"columns": named, **document}, ensure_ascii=False, separators=(",", ":")).encode()
    head = HEAD.pack(MAGIC, FORMAT, len(text), n)
    return b"".join((head, text, bytes(-(len(head) + len(text)) % 8), *sent.values()))


def unpack(body: bytes) -> tuple[dict[str, Any], dict[str, memoryview[Any]]]:
    """The description, and the columns by name as views of float64 or uint32 numbers in the body.

    Raises:
        InvalidInput: It is no answer of series.
    """
    try:
        magic, format_, size, n = HEAD.unpack_from(body)
        if magic != MAGIC or format_ != FORMAT:
            raise ValueError("it does not begin as series do")
        if n * WIDTHS["f8"] > len(body):  # the first column is always sent
            raise ValueError("it is shorter than one column")
        document = json.loads(body[HEAD.size : HEAD.size + size])
        at = HEAD.size + size
        at += -at % 8
        columns: dict[str, memoryview[Any]] = {}
        for name, kind in document["columns"]:
            if isinstance(kind, int):
                columns[name] = memoryview(array("I", [kind]) * n)
                continue
            if kind.startswith("="):
                columns[name] = columns[kind[1:]]
                continue
            end = at + n * WIDTHS[kind]
            columns[name] = memoryview(body)[at:end].cast("d" if kind == "f8" else "I")
            at = end
        if at != len(body) or any(len(column) != n for column in columns.values()):
            raise ValueError("its length is not what its head says")
    except (struct.error, ValueError, KeyError, TypeError, OverflowError, AttributeError) as error:
        raise InvalidInput(f"The series cannot be read: {error}", field="body", remedy="see the reference") from None
    return document, columns
