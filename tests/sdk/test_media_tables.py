"""Tables and texts keep what they hold, in plain JSON."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.sdk.media import tables
from assay.sdk.media.tables import table
from assay.sdk.media.texts import INLINE, MOST, text
from assay.wire.errors import InvalidInput


def shown(*arguments: Any, **named: Any) -> dict[str, Any]:
    """The JSON of the table's file, which agrees with its document."""
    made = table(*arguments, **named)
    ((suffix, data),) = made.files
    found: dict[str, Any] = json.loads(data)
    assert (suffix, list(found)) == (".json", ["columns", "data"])
    assert made.document == {"columns": found["columns"], "rows": len(found["data"])}
    return found


@pytest.mark.parametrize(
    "arguments",
    [
        ([[1, "x"], [2, "y"]], ["a", "b"]),
        ([(1, "x"), (2, "y")], ("a", "b")),
        ([{"a": 1, "b": "x"}, {"b": "y", "a": 2}],),
        ({"a": [1, 2], "b": ["x", "y"]},),
        ({"a": np.array([1, 2]), "b": np.array(["x", "y"])},),
        (np.array([[1, "x"], [2, "y"]], dtype=object), ["a", "b"]),
        (iter([[1, "x"], [2, "y"]]), ["a", "b"]),
    ],
)
def test_forms(arguments: Any) -> None:
    """Every form is the same table."""
    assert shown(*arguments) == {"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]}


def test_cells_become_plain() -> None:
    """JSON has neither NaN nor times nor numbers of any size; a missing cell is null."""
    day, moment = dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
    cells = {
        "none": (None, None),
        "truth": (np.bool_(True), True),
        "float": (np.float32(0.5), 0.5),
        "nan": (float("nan"), None),
        "infinity": (float("-inf"), "-Infinity"),
        "integer": (np.int64(-(2**63)), -(2**63)),
        "large": (2**64, "18446744073709551616"),
        "huge": (1 << 20_000, hex(1 << 20_000)),
        "day": (day, "2024-02-29"),
        "moment": (moment, "2024-02-29T12:00:00+00:00"),
        "stamp": (np.datetime64("2024-02-29T12:00:00", "ns"), "2024-02-29T12:00:00.000000000"),
        "never": (np.datetime64("NaT"), None),
        "exact": (Decimal("0.10"), "0.10"),
        "nested": ({"a": [np.array([1, 2]), (3,)]}, {"a": [[1, 2], [3]]}),
        "text": (np.str_("ä"), "ä"),
    }
    row = shown([[cell for cell, _ in cells.values()]], columns=list(cells))["data"][0]
    assert dict(zip(cells, row, strict=True)) == {name: plain for name, (_, plain) in cells.items()}
    assert shown([{"a": 1}, {"b": 2}])["data"] == [[1, None], [None, 2]]
    assert shown([], columns=["a"])["data"] == []
    stamps = np.array(["2024-02-29", "NaT"], dtype="datetime64[D]")
    assert shown({"a": stamps})["data"] == [["2024-02-29"], [None]]


JSON_CELLS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(st.lists(st.lists(JSON_CELLS | JSON_TEXT, min_size=3, max_size=3), max_size=10))
def test_plain_cells_come_back(rows: list[list[Any]]) -> None:
    """What JSON has stays as it is."""
    assert shown(rows, columns=["a", "b", "c"])["data"] == rows


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((5,), "data"),
        (([],), "data"),
        (([1, 2],), "data"),
        (([[1, 2], [3]], ["a", "b"]), "data.1"),
        (([1], ["a"]), "data.0"),
        ((["x"], ["a"]), "data.0"),
        (([[1]], ["a" * 251]), "columns"),
        (([[1]], [""]), "columns"),
        (([[1, 2]], ["a", "a"]), "columns"),
        (([], []), "columns"),
        (([], range(1_001)), "columns"),
        (({"a": [1], "b": [1, 2]},), "data"),
        (({"a": "text"},), "data.a"),
        (([["\0"]], ["a"]), "data.0.a"),
        (([["x" * (tables.CELL + 1)]], ["a"]), "data.0.a"),
        (([["\ud800"]], ["a"]), "data.0.a"),
        (([[b"x"]], ["a"]), "data.0.a"),
        ((([0] for _ in iter(int, 1)), ["a"]), "data"),
    ],
)
def test_what_is_no_table(arguments: Any, field: str) -> None:
    """The error names the row and the column; rows without an end are not waited for."""
    with pytest.raises(InvalidInput) as refused:
        table(*arguments)
    assert refused.value.field == field
    assert refused.value.bound is not None
    assert refused.value.remedy


def test_cells_that_hold_themselves() -> None:
    """Nesting has an end."""
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(InvalidInput, match="deeper"):
        table([[loop]], columns=["a"])


def test_texts() -> None:
    """Short ones are inline, long ones a file with their beginning beside."""
    assert text("x" * INLINE).document == {"text": "x" * INLINE}
    long = text("ä" * (INLINE + 1))
    assert long.document == {"begin": "ä" * 200, "characters": INLINE + 1}
    assert long.files == [(".txt", ("ä" * (INLINE + 1)).encode())]
    for value in (5, "\0", "\udfff", "x" * (MOST + 1)):
        with pytest.raises(InvalidInput) as refused:
            text(value)
        assert refused.value.field == "text"
