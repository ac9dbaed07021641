"""The runs of an archive as tables: a row a run, a param, a tag."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.exchange.archive_layout import read_lines

if TYPE_CHECKING:
    from arro3.core import RecordBatch, Schema

AT_ONCE = 5_000  # rows of a batch
TEXTS = ("id", "experiment", "name", "status", "lifecycle", "parent", "user", "note")
TIMES = ("start_us", "end_us", "created_us", "updated_us")
Rows = Iterator[tuple[Any, ...]]


def write_tables(folder: Path) -> None:
    """The tables hold what runs.jsonl says."""
    _write(folder, "runs", (*TEXTS, *TIMES), lambda run: iter([tuple(run[name] for name in (*TEXTS, *TIMES))]))
    for table in ("params", "tags"):

        def pairs(run: dict[str, Any], table: str = table) -> Rows:
            return ((run["id"], key, value) for key, value in run[table].items())

        _write(folder, table, ("run", "key", "value"), pairs)


def _write(folder: Path, table: str, names: tuple[str, ...], rows_of: Callable[[dict[str, Any]], Rows]) -> None:
    from arro3.core import DataType, Field, RecordBatchReader, Schema
    from arro3.io import write_parquet

    kinds = [DataType.int64() if name in TIMES else DataType.string() for name in names]
    schema = Schema([Field(name, kind, nullable=True) for name, kind in zip(names, kinds, strict=True)])
    batches = _batches(schema, (row for run in read_lines(folder / "runs.jsonl") for row in rows_of(run)))
    with (folder / f"{table}.parquet").open("wb") as file:
        write_parquet(RecordBatchReader.from_batches(schema, batches), file, compression="zstd(3)")


def _batches(schema: Schema, rows: Rows) -> Iterator[RecordBatch]:
    from arro3.core import Array, RecordBatch

    while some := list(islice(rows, AT_ONCE)):
        columns = zip(*some, strict=True)
        arrays = [Array(list(column), schema.field(at).type) for at, column in enumerate(columns)]
        yield RecordBatch.from_arrays(arrays, schema=schema)
