"""Runs as rows: which columns, what a cell says, and the forms in which a table leaves the program."""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.table import Table

from assay.wire.errors import InvalidInput
from assay.wire.keys import SYSTEM

SHORT_ID = 8
GAP = 2
OWN = ("id", "experiment_id", "name", "status", "lifecycle", "parent", "user")
TIMES = {"start": "start_us", "end": "end_us"}
Record = dict[str, Any]


def show_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table as wide as the terminal; what does not fit is cut, never wrapped."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*row)
    Console(highlight=False, markup=False).print(table)


def cell(run: Record, name: str) -> str:
    """The text of one column of a run.

    Raises:
        InvalidInput: There is no such column.
    """
    value = value_of(run, name)
    if name in TIMES:
        return datetime.fromtimestamp(value / 1e6).astimezone().strftime("%Y-%m-%d %H:%M:%S") if value else ""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else f"{value:.6g}"
    return "" if value is None else str(value)


def value_of(run: Record, name: str) -> Any:
    """What a column of a run holds: a float for a metric, microseconds for a time, else text or None.

    Raises:
        InvalidInput: There is no such column.
    """
    kind, _, key = name.partition(".")
    if kind == "metrics" and key:
        if key not in run["metrics"]:
            return None
        last = run["metrics"][key]["last"]
        return math.nan if last is None else float(last)  # JSON has no NaN
    if kind in ("params", "tags") and key:
        return run[kind].get(key)
    if name in TIMES:
        return run[TIMES[name]]
    if name in OWN:
        return run[name]
    raise InvalidInput(
        f"There is no column {name!r}",
        field="--columns",
        remedy=f"use {', '.join((*OWN, *TIMES))}, metrics.KEY, params.KEY or tags.KEY",
    )


def keys(found: Sequence[Record], kind: str) -> list[str]:
    """The columns of one kind that the runs have, the first seen first."""
    return [f"{kind}.{key}" for key in dict.fromkeys(key for run in found for key in run[kind])]


def all_columns(found: Sequence[Record]) -> list[str]:
    """Every column that one of the runs has."""
    return [*OWN, *TIMES, *keys(found, "metrics"), *keys(found, "params"), *keys(found, "tags")]


def fitting_columns(found: Sequence[Record], width: int) -> list[str]:
    """Id, name, status and start, then as many metrics and params as find room."""
    chosen = ["id", "name", "status", "start"]
    params = keys(found, "params")
    metrics = [name for name in keys(found, "metrics") if not name.startswith(f"metrics.{SYSTEM}")]
    room = width - sum(_width(found, name) + GAP for name in chosen)
    for name in [*metrics[:4], *params[:3], *metrics[4:], *params[3:]]:
        room -= _width(found, name) + GAP
        if room < 0:
            break
        chosen.append(name)
    return chosen


def _width(found: Sequence[Record], name: str) -> int:
    return SHORT_ID if name == "id" else max([len(title(name)), *(len(cell(run, name)) for run in found)])


def title(name: str) -> str:
    """The head of a column in a table for people."""
    return name.partition(".")[2] or name


def print_runs(found: Sequence[Record], columns: Sequence[str]) -> None:
    """A table on the terminal. Without chosen columns, ids are cut to what `assay show` needs."""
    names = list(columns) or fitting_columns(found, Console().width)
    rows = [[cell(run, name) for name in names] for run in found]
    if not columns:
        rows = [[row[0][:SHORT_ID], *row[1:]] for row in rows]
    show_table([title(name) for name in names], rows)


def write_csv(found: Sequence[Record], columns: Sequence[str], out: IO[str]) -> None:
    """Comma-separated, with a header; numbers as a person reads them."""
    names = list(columns) or all_columns(found)
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows([cell(run, name) for name in names] for run in found)


def write_parquet(found: Sequence[Record], columns: Sequence[str], target: Path | None) -> None:
    """One Parquet file, whole values: metrics as float64, times as UTC timestamps, all else as text."""
    from arro3.core import Array, DataType, Table  # noqa: PLC0415 -- only this form needs it
    from arro3.io import write_parquet as write  # noqa: PLC0415

    arrays: dict[str, Any] = {}
    for name in list(columns) or all_columns(found):
        values = [value_of(run, name) for run in found]
        if name.startswith("metrics."):
            arrays[name] = Array(values, DataType.float64())
        elif name in TIMES:
            arrays[name] = Array(values, DataType.int64()).cast(DataType.timestamp("us", tz="UTC"))
        else:
            texts = [None if value is None else str(value) for value in values]
            arrays[name] = Array(texts, DataType.string())
    write(Table.from_pydict(arrays), sys.stdout.buffer if target is None else target)
