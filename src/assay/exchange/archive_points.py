"""Points as Parquet: a row a point, as they are in an archive."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.exchange.archive_layout import is_there
from assay.exchange.source import SourcePoints
from assay.wire.errors import Corrupt
from assay.wire.points import PointColumns

if TYPE_CHECKING:
    from arro3.core import RecordBatch, Schema

AT_ONCE = 100_000  # rows of a batch
NO_ROW = -1
COLUMNS = ("run", "key", "context", "step", "time_us", "value", "row")


def schema() -> Schema:
    """The columns of a file of points."""
    from arro3.core import DataType, Field, Schema

    text, whole = DataType.string(), DataType.int64()
    kinds = (text, text, text, whole, whole, DataType.float64(), whole)
    nullable = ("context", "row")
    return Schema([Field(name, kind, nullable=name in nullable) for name, kind in zip(COLUMNS, kinds, strict=True)])


def batch(run_uid: str, columns: PointColumns) -> RecordBatch:
    """The points of one body, all of one key, as rows."""
    import numpy as np
    from arro3.core import Array, DataType, RecordBatch

    n = columns.n
    key = columns.keys[0] if columns.keys else ""
    context = columns.contexts[0] if columns.contexts else None
    text, whole = DataType.string(), DataType.int64()
    rows: Any = Array([None] * n, whole)
    if columns.row is not None:
        found = np.frombuffer(columns.row, "<i8").tolist()
        rows = Array([None if row == NO_ROW else row for row in found], whole)
    arrays = [
        Array([run_uid] * n, text),
        Array([key] * n, text),
        Array([context] * n, text),
        Array.from_numpy(np.frombuffer(columns.step, "<i8")),
        Array.from_numpy(np.frombuffer(columns.time_us, "<i8")),
        Array.from_numpy(np.frombuffer(columns.value, "<f8")),
        rows,
    ]
    return RecordBatch.from_arrays(arrays, schema=schema())


def write_points(path: Path, batches: Iterator[RecordBatch]) -> None:
    """The file holds the points of the batches, which are read as they are written."""
    from arro3.core import RecordBatchReader
    from arro3.io import write_parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    failed: list[Exception] = []

    def sound() -> Iterator[RecordBatch]:  # an error would lose its class on its way through the writer
        try:
            yield from batches
        except Exception as error:  # noqa: BLE001 -- raised below
            failed.append(error)

    with path.open("wb") as file:
        write_parquet(RecordBatchReader.from_batches(schema(), sound()), file, compression="zstd(3)")
    if failed:
        raise failed[0]


def read_points(path: Path) -> Iterator[SourcePoints]:
    """The points of a file, in its order; none where there is no file.

    Raises:
        Corrupt: It is no Parquet file with these columns.
    """
    from arro3.io import read_parquet

    if not is_there(path):
        return
    with path.open("rb") as file:
        try:
            reader = read_parquet(file)
            while (found := next(reader, None)) is not None:
                yield _columns(found)
        except (GeneratorExit, KeyboardInterrupt):
            raise
        except BaseException as error:  # what the reader raises has no common class, and a panic is no Exception
            raise Corrupt(f"{path} cannot be read: {error}", field=path.name, remedy="export again") from error


def _columns(found: Any) -> SourcePoints:
    import numpy as np

    keys, contexts = found["key"].to_pylist(), found["context"].to_pylist()
    names, texts = list(dict.fromkeys(keys)), [text for text in dict.fromkeys(contexts) if text is not None]
    key_at = {name: at for at, name in enumerate(names)}
    context_at = {None: 0, **{text: at for at, text in enumerate(texts, 1)}}
    rows = found["row"].to_pylist()
    return SourcePoints(
        names,
        array("I", [key_at[key] for key in keys]),
        array("q", np.asarray(found["step"], "<i8").tobytes()),
        array("q", np.asarray(found["time_us"], "<i8").tobytes()),
        array("d", np.asarray(found["value"], "<f8").tobytes()),
        array("q", [NO_ROW if row is None else row for row in rows]) if any(row is not None for row in rows) else None,
        [json.loads(text) for text in texts],
        array("I", [context_at[text] for text in contexts]) if texts else None,
    )
