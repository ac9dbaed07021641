"""Answers that are tables: Arrow streams and Parquet files, beside JSON and the binary columns of points.

A table is written to a file that forgets itself before its answer begins: what fails meanwhile has a code, and memory
holds one batch at a time. Batches that cannot fail are sent as they are made.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any, Literal, cast

import numpy as np
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from assay.core.tracking import RunRecord
from assay.wire.errors import AssayError
from assay.wire.points import MEDIA_TYPE as POINTS

if TYPE_CHECKING:  # it takes a while to import, and most servers are never asked for a table
    from arro3.core import Array, RecordBatch, Schema

ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
CSV = "text/csv"
NEXT_HEADER = "X-Next-Page-Token"
MEMORY = 4 << 20  # bytes of a table that are held before they go to disk
PIECE = 256 << 10
END = b"\xff\xff\xff\xff\0\0\0\0"  # of an Arrow stream
Format = Literal["json", "arrow", "parquet", "points", "csv"]
MEDIA: dict[Format, str] = {
    "json": "application/json",
    "points": POINTS,
    "arrow": ARROW,
    "parquet": PARQUET,
    "csv": CSV,
}


def chosen(request: Request, asked: Format | None, offers: Sequence[Format]) -> Format:
    """The form that is asked for, by name or by the Accept header; JSON where none is."""
    if asked is not None:
        return asked
    accepted = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
    return next((offer for media in accepted for offer in offers if MEDIA[offer] == media), "json")


def table(batches: Iterable[RecordBatch], schema: Schema, form: Format, headers: Mapping[str, str]) -> Response:
    """The batches as an Arrow stream or a Parquet file. Raises what the batches raise."""
    from arro3.core import RecordBatchReader  # noqa: PLC0415
    from arro3.io import write_ipc_stream, write_parquet  # noqa: PLC0415

    failed: list[AssayError] = []

    def sound() -> Iterator[RecordBatch]:  # an error would lose its class on its way through the writer
        try:
            yield from batches
        except AssayError as error:
            failed.append(error)

    file = cast("IO[bytes]", SpooledTemporaryFile(MEMORY))  # noqa: SIM115 -- it ends with the answer
    try:
        reader = RecordBatchReader.from_batches(schema, sound())
        if form == "parquet":
            write_parquet(reader, file, compression="zstd(3)")
        else:
            write_ipc_stream(reader, file)
        if failed:
            raise failed[0]
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    sent = {**headers, "Content-Length": str(size)}
    return StreamingResponse(_pieces(file), headers=sent, media_type=MEDIA[form])


def text(pieces: Iterable[bytes], headers: Mapping[str, str]) -> Response:
    """The pieces of a CSV as one answer. Raises what the pieces raise."""
    file = cast("IO[bytes]", SpooledTemporaryFile(MEMORY))  # noqa: SIM115 -- it ends with the answer
    try:
        for piece in pieces:
            file.write(piece)
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return StreamingResponse(_pieces(file), headers={**headers, "Content-Length": str(size)}, media_type=CSV)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def arrow(batches: Iterable[RecordBatch], schema: Schema) -> Generator[memoryview, None, None]:
    """The batches as an Arrow stream, message by message: each is what a stream of it alone has after its schema."""
    head = _stream([], schema)[: -len(END)]
    yield head
    for batch in batches:
        yield _stream([batch], schema)[len(head) : -len(END)]
    yield memoryview(END)


def _stream(batches: Sequence[RecordBatch], schema: Schema) -> memoryview:
    from arro3.core import RecordBatchReader  # noqa: PLC0415
    from arro3.io import write_ipc_stream  # noqa: PLC0415

    file = BytesIO()
    write_ipc_stream(RecordBatchReader.from_batches(schema, batches), file, compression=None)
    return file.getbuffer()


def columns(named: Mapping[str, np.ndarray[Any, Any]]) -> RecordBatch:
    """Columns of numbers as one batch."""
    from arro3.core import Array, RecordBatch  # noqa: PLC0415

    arrays = [Array.from_numpy(np.ascontiguousarray(column)) for column in named.values()]
    return RecordBatch.from_arrays(arrays, names=list(named))


def runs(records: Sequence[RunRecord]) -> RecordBatch:
    """Runs as one batch: a column each for what a run has once, lists of structs for params, tags and metrics."""
    from arro3.core import Array, DataType, RecordBatch  # noqa: PLC0415

    text, whole = DataType.string(), DataType.int64()
    heads = [record.run for record in records]
    metrics = [[item for item in record.metrics if item.context is None] for record in records]
    of = {
        "id": Array([run.uid for run in heads], text),
        "experiment_id": Array([run.experiment_id for run in heads], whole),
        "name": Array([run.name for run in heads], text),
        "status": Array(["lost" if run.lost else run.status.value for run in heads], text),
        "lifecycle": Array([run.lifecycle.value for run in heads], text),
        "parent": Array([run.parent_uid for run in heads], text),
        "user": Array([run.user_name for run in heads], text),
        "start_us": Array([run.start_us for run in heads], whole),
        "end_us": Array([run.end_us for run in heads], whole),
        "params": _pairs([record.params for record in records]),
        "tags": _pairs([record.tags for record in records]),
        "metrics": _lists(
            [len(items) for items in metrics],
            {
                "key": Array([item.key for items in metrics for item in items], text),
                "last": Array([item.value for items in metrics for item in items], DataType.float64()),
                "min": Array([item.min for items in metrics for item in items], DataType.float64()),
                "max": Array([item.max for items in metrics for item in items], DataType.float64()),
                "step": Array([item.step for items in metrics for item in items], whole),
                "time_us": Array([item.time_us for items in metrics for item in items], whole),
            },
        ),
    }
    return RecordBatch.from_arrays(list(of.values()), names=list(of))


def _pairs(pairs: Sequence[Mapping[str, str]]) -> Array:
    from arro3.core import Array, DataType  # noqa: PLC0415

    keys = Array([key for item in pairs for key in item], DataType.string())
    values = Array([value for item in pairs for value in item.values()], DataType.string())
    return _lists(list(map(len, pairs)), {"key": keys, "value": values})


def _lists(lengths: Sequence[int], named: Mapping[str, Array]) -> Array:
    """A list of structs for each length, from their fields one after the other."""
    from arro3.core import Array, DataType, Field, list_array, struct_array  # noqa: PLC0415

    items = struct_array(
        list(named.values()), fields=[Field(name, array.type, nullable=True) for name, array in named.items()]
    )
    ends = Array.from_numpy(np.concatenate(([0], np.cumsum(lengths))).astype(np.int32))
    return list_array(ends, items, type=DataType.list(Field("item", items.type, nullable=True)))
