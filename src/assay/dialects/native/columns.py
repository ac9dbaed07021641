"""Chosen columns of runs as a flat table: what a table of runs on a page shows, as CSV, Arrow or Parquet."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal

from assay.core.search.ast import Attribute, Metric, Param, Tag
from assay.core.search.grammar import ATTRIBUTES, parse_order
from assay.core.tracking import NOTE_TAG, RunRecord
from assay.services.base import check_text
from assay.wire.errors import InvalidInput

if TYPE_CHECKING:
    from arro3.core import RecordBatch

COLUMNS_BOUND = 500
NAME_BOUND = 300  # characters
FORMULA = ("=", "+", "-", "@", "\t", "\r")
Kind = Literal["text", "number", "whole", "time"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its head, what it holds, and where a run has that."""

    name: str
    kind: Kind
    value: Callable[[RunRecord], Any]


def _status(record: RunRecord) -> str:
    return "lost" if record.run.lost else record.run.status.value


def _duration(record: RunRecord) -> float | None:
    start, end = record.run.start_us, record.run.end_us
    return None if start is None or end is None else (end - start) / 1e6


OWN: dict[str, tuple[Kind, Callable[[RunRecord], Any]]] = {
    "id": ("text", lambda record: record.run.uid),
    "name": ("text", lambda record: record.run.name),
    "status": ("text", _status),
    "user": ("text", lambda record: record.run.user_name),
    "parent": ("text", lambda record: record.run.parent_uid),
    "start_time": ("time", lambda record: record.run.start_us),
    "end_time": ("time", lambda record: record.run.end_us),
    "created": ("time", lambda record: record.run.created_us),
    "duration_s": ("number", _duration),
    "experiment_id": ("whole", lambda record: record.run.experiment_id),
    "lifecycle": ("text", lambda record: record.run.lifecycle.value),
    "note": ("text", lambda record: record.tags.get(NOTE_TAG)),
}
assert OWN.keys() >= ATTRIBUTES.keys(), "what can be filtered by can be exported"


def parse(names: Sequence[str]) -> list[Column]:
    """The columns of these names: fields of the grammar, or of a run itself. Raises InvalidInput."""
    if len(names) > COLUMNS_BOUND:
        raise InvalidInput(
            f"There are {len(names)} columns", field="column", bound=COLUMNS_BOUND, remedy="choose fewer"
        )
    return [_column(check_text("column", name, NAME_BOUND)) for name in dict.fromkeys(names)]


def _column(name: str) -> Column:
    if name in OWN:
        return Column(name, *OWN[name])
    try:
        field = parse_order(name).field
    except InvalidInput as error:
        raise InvalidInput(f"{error.message}: {name[:100]!r}", field="column", remedy=error.remedy) from None
    match field:
        case Attribute(column):
            own = next(known for known, of in ATTRIBUTES.items() if of == column)
            return Column(name, *OWN[own])
        case Param(param):
            return Column(name, "text", lambda record: record.params.get(param))
        case Tag(tag):
            return Column(name, "text", lambda record: record.tags.get(tag))
        case Metric(key, aggregate):
            attribute = "value" if aggregate == "last" else aggregate
            return Column(name, "number", lambda record: _metric(record, key, attribute))
        case _:
            raise InvalidInput(
                f"There is no column {name!r}", field="column", remedy=f"use {', '.join(OWN)} or fields of a filter"
            )


def _metric(record: RunRecord, key: str | None, attribute: str) -> float | None:
    return next((getattr(item, attribute) for item in record.metrics if item.key == key and item.context is None), None)


def batch(columns: Sequence[Column], records: Sequence[RunRecord]) -> RecordBatch:
    """The columns of these runs."""
    from arro3.core import Array, DataType, RecordBatch  # noqa: PLC0415 -- most answers are no tables

    arrays = []
    for column in columns:
        values = list(map(column.value, records))
        if column.kind == "time":
            arrays.append(Array(values, DataType.int64()).cast(DataType.timestamp("us", tz="UTC")))
        else:
            kind = {"text": DataType.string(), "number": DataType.float64(), "whole": DataType.int64()}[column.kind]
            arrays.append(Array(values, kind))
    return RecordBatch.from_arrays(arrays, names=[column.name for column in columns])


def head(columns: Sequence[Column]) -> bytes:
    """The first line of the CSV."""
    return _line([_safe(column.name) for column in columns])


def lines(columns: Sequence[Column], records: Sequence[RunRecord]) -> bytes:
    """The runs as CSV: numbers whole, times as ISO 8601 in UTC, and nothing that a spreadsheet would compute."""
    return b"".join(_line([_cell(column, record) for column in columns]) for record in records)


def _cell(column: Column, record: RunRecord) -> str:
    value = column.value(record)
    if value is None:
        return ""
    if column.kind == "time":
        return _time(value)
    if column.kind == "number":
        return "NaN" if math.isnan(value) else repr(value)
    return _safe(str(value))


def _time(at_us: int) -> str:
    try:
        moment = datetime.fromtimestamp(at_us // 1_000_000, UTC).replace(microsecond=at_us % 1_000_000)
    except (ValueError, OverflowError, OSError):  # a client may say any time
        return str(at_us)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _safe(text: str) -> str:
    """The text, which a spreadsheet takes for text: what it would take for a formula has an apostrophe before it."""
    if not text.startswith(FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def _line(cells: Sequence[str]) -> bytes:
    line = StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()
