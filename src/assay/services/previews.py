"""Use cases on files that are tables: their first rows, for people. What is left out is counted."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import IO, Any

import msgspec

from assay.core.scope import Scope
from assay.ports.aggregates import StoredFile
from assay.services.files import FileService, Place
from assay.services.preview_child import Cutter
from assay.wire.errors import InvalidInput, TooLarge, Unavailable

ROWS_BOUND = 1_000
COLUMNS_BOUND = 500
CELL_BOUND = 1_000  # characters
CSV_BYTES = 4 << 20  # of which rows are read
FILE_BOUND = 256 << 20  # bytes of a file that has to be read whole
AT_ONCE = 2
WAIT_S = 10.0
TIME_S = 20.0
FORMS = {
    "csv": "csv",
    "tsv": "tsv",
    "parquet": "parquet",
    "pq": "parquet",
    "arrow": "arrow",
    "feather": "arrow",
    "ipc": "arrow",
}


class Column(msgspec.Struct):
    """A column of a table: its name, and its type as the file's format calls it."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Table:
    """The beginning of a table.

    Attributes:
        columns: The first columns.
        rows: The first rows: numbers, texts, truths and nulls; whatever else there is, as text.
        more: Whether there are other rows.
        columns_left_out: How many other columns there are.
        cells_cut: How many texts are longer than they are shown.
    """

    columns: list[Column]
    rows: list[list[Any]]
    more: bool
    columns_left_out: int
    cells_cut: int


class PreviewService:
    """First rows."""

    def __init__(self, files: FileService) -> None:
        self._files = files
        self._turns = BoundedSemaphore(AT_ONCE)

    def table(self, scope: Scope, place: Place, path: str, rows: int) -> Table:
        """The first rows of a CSV, TSV, Parquet or Arrow file, whose name says what it is.

        Raises:
            NotFound: There is no such file.
            InvalidInput: It is no table, or cannot be read as one within the bounds.
            TooLarge: It has to be read whole, and is too large for that.
            Unavailable: Too many are being read.
        """
        file = self._files.open(scope, place, path)
        form = FORMS.get(path.rpartition(".")[2].lower())
        if form is None:
            raise InvalidInput(
                f"{path} is no table by its name", field="path", bound=", ".join(FORMS), remedy="download the file"
            )
        rows = max(1, min(rows, ROWS_BOUND))
        if form in ("csv", "tsv"):
            return self._texts(file, form, rows)
        if file.size > FILE_BOUND:
            raise TooLarge(
                f"The file has {file.size} bytes", field="path", bound=FILE_BOUND, remedy="download the file"
            )
        with self._turn():
            return self._read(file, form, rows)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=WAIT_S):
            raise Unavailable(
                f"{AT_ONCE} tables are being read", bound=AT_ONCE, remedy="try again in a moment", retry_after_s=5
            )
        try:
            yield
        finally:
            self._turns.release()

    def _texts(self, file: StoredFile, form: str, rows: int) -> Table:
        """The rows of a text; what is beyond its first bytes is more."""
        data = b"".join(self._files.read(file, 0, min(file.size, CSV_BYTES))) if file.size else b""
        cut = file.size > CSV_BYTES
        if cut:
            data = data.rpartition(b"\n")[0]
        text = data.decode("utf-8-sig", "replace")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if form == "tsv" else _delimiter(text))
        try:
            head = next(reader, [])
            found: list[list[str]] = []
            more = cut
            for row in reader:
                if len(found) == rows:
                    more = True
                    break
                if row:
                    found.append(row)
        except csv.Error as error:
            raise _unreadable(file.path, str(error)) from None
        width = max([len(head), *map(len, found)])
        cutter = Cutter(CELL_BOUND)
        names = [*head, *[""] * (width - len(head))][:COLUMNS_BOUND]
        return Table(
            [Column(cutter.cell(name), "text") for name in names],
            [[cutter.cell(cell) for cell in [*row, *[None] * (width - len(row))][:COLUMNS_BOUND]] for row in found],
            more,
            max(width - COLUMNS_BOUND, 0),
            cutter.cut,
        )

    def _read(self, file: StoredFile, form: str, rows: int) -> Table:
        with tempfile.TemporaryFile() as copy:
            for piece in self._files.read(file, 0, file.size):
                copy.write(piece)
            copy.seek(0)
            told = _child(copy, form, rows)
        if told is None:
            raise _unreadable(file.path, f"it is damaged, or needs too much to be read as {form}")
        return Table(**told)


def _child(file: IO[bytes], form: str, rows: int) -> dict[str, Any] | None:
    """What the child makes of the file; None where it could not."""
    words = [sys.executable, "-I", "-m", "assay.services.preview_child", form]
    words += map(str, (rows, COLUMNS_BOUND, CELL_BOUND))
    try:
        done = subprocess.run(words, stdin=file, capture_output=True, timeout=TIME_S, check=False, env={})
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0:
        return None
    found: dict[str, Any] = msgspec.json.decode(done.stdout)
    return found | {"columns": msgspec.convert(found["columns"], list[Column])}


def _delimiter(text: str) -> str:
    """What most often parts the first line."""
    line = text.partition("\n")[0]
    return max(",;\t|", key=line.count)


def _unreadable(path: str, why: str) -> InvalidInput:
    return InvalidInput(f"{path} cannot be shown as a table: {why}", field="path", remedy="download the file")
