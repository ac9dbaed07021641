"""Tables of any library as `{"columns": [...], "data": [[...]]}`, the form in which MLflow's `log_table` has them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from assay.sdk.media.arrays import as_array, listed
from assay.sdk.media.encoded import FILE, Encoded, captioned, checked_text, refused

COLUMNS, ROWS, CELLS = 1_000, 200_000, 2_000_000
NAME, CELL = 250, 32_768  # characters
DEEP = 8
FORMS = "rows with columns, a frame, a list of dicts, a dict of columns"


def table(data: Any, columns: Sequence[Any] | None = None, caption: str = "") -> Encoded:
    """The table as JSON, with its columns and the number of rows in the document.

    Cells become what JSON has: NaN and other missing values null, infinite numbers "Infinity" and "-Infinity", times
    ISO 8601, what is none of these its text.

    Args:
        data: Rows, if there are `columns`; else a frame of pandas' or polars', a list of dicts, or a dict of columns.
        columns: Their names.
        caption: Shown below it.

    Raises:
        InvalidInput: It is none of these, ragged, or too large.
    """
    if columns is None:
        names, rows = _taken_apart(data)
    else:
        array = as_array(data)
        names, rows = list(columns), iter(data if array is None else listed(array))
    header = _checked_names(names)
    most = min(ROWS, CELLS // len(header))
    body = []
    for number, row in enumerate(islice(rows, most + 1)):
        cells = list(row) if isinstance(row, Iterable) and not isinstance(row, str | bytes | Mapping) else None
        if cells is None or len(cells) != len(header):
            found = "no list" if cells is None else f"{len(cells)} cells"
            raise refused(f"table has {found} in row {number}", f"data.{number}", len(header), "give one cell a column")
        body.append([_plain(cell, number, name) for cell, name in zip(cells, header, strict=True)])
    if len(body) > most:
        raise refused(
            f"table has more than {most} rows", "data", most, "log a part of it, or the whole as a file (Parquet, CSV)"
        )
    encoded = json.dumps({"columns": header, "data": body}, ensure_ascii=False, allow_nan=False).encode()
    if len(encoded) > FILE:
        raise refused(f"table has {len(encoded)} bytes", "data", FILE, "log a part of it, or the whole as a file")
    return Encoded("table", captioned({"columns": header, "rows": len(body)}, caption), [(".json", encoded)])


def _taken_apart(data: Any) -> tuple[list[Any], Iterator[Any]]:
    if hasattr(data, "iter_rows") and hasattr(data, "columns"):  # polars
        return list(data.columns), data.iter_rows()
    if hasattr(data, "itertuples") and hasattr(data, "columns"):  # pandas
        return list(data.columns), data.itertuples(index=False, name=None)
    if isinstance(data, Mapping):
        parts = [_column(name, part) for name, part in data.items()]
        lengths = {len(part) for part in parts}
        if len(lengths) > 1:
            told = ", ".join(str(length) for length in sorted(lengths))
            raise refused(f"table has columns of {told} cells", "data", "one length", "fill them up")
        return list(data), zip(*parts, strict=True)
    if isinstance(data, list | tuple) and data and all(isinstance(row, Mapping) for row in data):
        names = list(dict.fromkeys(name for row in data for name in row))
        return names, ([row.get(name) for name in names] for row in data)
    raise refused(f"table is a {type(data).__name__} without columns", "data", FORMS, "give `columns` with rows")


def _column(name: Any, part: Any) -> list[Any]:
    array = as_array(part)
    if array is not None:
        return list(listed(array)) if array.ndim else [array.item()]
    if isinstance(part, str | bytes | Mapping) or not isinstance(part, Iterable):
        raise refused(f"column {name!r} is a {type(part).__name__}", f"data.{name}", "a list", "give a list of cells")
    return list(islice(part, ROWS + 1))


def _checked_names(names: list[Any]) -> list[str]:
    if not 1 <= len(names) <= COLUMNS:
        raise refused(f"table has {len(names)} columns", "columns", f"1 to {COLUMNS}", "log fewer columns")
    header = [checked_text(str(name), "columns", NAME, least=1) for name in names]
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise refused(f"table has two columns {twice!r}", "columns", "each name once", "rename one of them")
    return header


def _plain(cell: Any, row: int, name: str, depth: int = 0) -> Any:
    where = f"data.{row}.{name}"
    if cell is None or isinstance(cell, bool):
        return cell
    if isinstance(cell, str):
        return checked_text(str(cell), where, CELL)
    if isinstance(cell, int):
        return int(cell) if -(2**63) <= cell < 2**63 else checked_text(_digits(cell), where, CELL)
    if isinstance(cell, float):
        if math.isnan(cell):
            return None
        return float(cell) if math.isfinite(cell) else "Infinity" if cell > 0 else "-Infinity"
    if type(cell).__name__ in ("NaTType", "NAType"):
        return None
    if depth >= DEEP:
        raise refused(f"{where} is nested deeper than {DEEP}", where, DEEP, "flatten it")
    if isinstance(cell, Mapping):
        return {str(key): _plain(part, row, name, depth + 1) for key, part in islice(cell.items(), CELL)}
    array = as_array(cell)
    if array is not None:
        return _plain(listed(array), row, name, depth + 1)
    if isinstance(cell, list | tuple | set | frozenset):
        if len(cell) > CELL:
            raise refused(f"{where} has {len(cell)} parts", where, CELL, "log it as a file")
        return [_plain(part, row, name, depth + 1) for part in cell]
    if hasattr(cell, "isoformat"):
        return checked_text(cell.isoformat(), where, CELL)
    if isinstance(cell, bytes | bytearray):
        raise refused(f"{where} holds bytes", where, "JSON", "decode them, or log them as a file")
    return checked_text(str(cell), where, CELL)


def _digits(number: int) -> str:
    # Python itself refuses to write out numbers of thousands of digits.
    return str(number) if number.bit_length() < 10_000 else hex(number)
