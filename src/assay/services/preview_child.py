"""The first rows of a Parquet or Arrow file, read in a process of its own: nothing that the file says is believed.

A small file may expand without bounds, and its reader may give up by ending the process. Called with a form and numbers
of rows, columns and characters; reads the file from its standard input, and writes a table as JSON.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from arro3.core import RecordBatch

MEMORY = 768 << 20  # bytes of addresses, most of which a reader never touches
CPU_S = 10


class Cutter:
    """Cells as JSON, of at most so many characters; counts those that it had to cut."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.cut = 0

    def cell(self, value: Any) -> Any:
        """The value: a number, text or truth as it is, no number as null, all else as text."""
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        if value is None or isinstance(value, (bool, int)):
            return value if value is None or abs(value) < 2**53 else str(value)
        if isinstance(value, bytes):
            text = value[: self._most].hex()
        elif isinstance(value, (list, dict)):
            text = json.dumps(value, ensure_ascii=False, default=str)
        else:
            text = str(value)
        if len(text) <= self._most:
            return text
        self.cut += 1
        return text[: self._most]


def bounded() -> None:
    """This process may use so much memory and time, where the system can hold it to that."""
    try:
        import resource  # noqa: PLC0415 -- Windows has none
    except ImportError:
        return
    for what, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, CPU_S), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(what, (most, most))
        except (ValueError, OSError):  # macOS refuses the first
            continue


def batches(file: IO[bytes], form: str) -> Iterator[RecordBatch]:
    """The file's batches."""
    from arro3.io import read_ipc, read_ipc_stream, read_parquet  # noqa: PLC0415 -- after the bounds

    if form == "parquet":
        yield from read_parquet(file)
        return
    is_file = file.read(6) == b"ARROW1"
    file.seek(0)
    yield from read_ipc(file) if is_file else read_ipc_stream(file)


def table(file: IO[bytes], form: str, rows: int, columns: int, characters: int) -> dict[str, Any]:
    """The first rows and columns as JSON."""
    found: list[list[Any]] = []
    names: list[dict[str, str]] = []
    cutter, left_out, more = Cutter(characters), 0, False
    for batch in batches(file, form):
        if not names:
            fields = [batch.schema.field(at) for at in range(len(batch.schema))]
            names = [{"name": field.name[:characters], "type": str(field.type)[:200]} for field in fields[:columns]]
            left_out = max(len(fields) - columns, 0)
        left = rows - len(found)
        if batch.num_rows > left:
            batch, more = batch.slice(0, left), True  # noqa: PLW2901
        if batch.num_rows:
            read = [batch.column(at).to_pylist() for at in range(len(names))]
            found += [[cutter.cell(value) for value in row] for row in zip(*read, strict=True)]
        if more:
            break
    return {"columns": names, "rows": found, "more": more, "columns_left_out": left_out, "cells_cut": cutter.cut}


def main() -> None:
    """Reads and writes."""
    bounded()
    form, rows, columns, characters = sys.argv[1:]
    with os.fdopen(0, "rb") as file:
        told = table(file, form, int(rows), int(columns), int(characters))
    sys.stdout.write(json.dumps(told, ensure_ascii=True))


if __name__ == "__main__":
    main()
