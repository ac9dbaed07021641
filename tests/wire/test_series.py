"""Series on the wire: what is packed is what is read, whatever columns are left out."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.wire.errors import InvalidInput
from assay.wire.series import pack, unpack

FLOATS = st.lists(st.sampled_from([0.0, -0.0, 1.5, float("inf")]), min_size=2, max_size=2)
COUNTS = st.lists(st.integers(0, 2), min_size=2, max_size=2)


@given(st.lists(FLOATS, min_size=1, max_size=4), st.lists(COUNTS, max_size=3))
def test_what_is_packed_is_read(floats: list[list[float]], counts: list[list[int]]) -> None:
    columns = [(f"f{at}", "f8", array("d", column).tobytes()) for at, column in enumerate(floats)]
    columns += [(f"n{at}", "u4", array("I", column).tobytes()) for at, column in enumerate(counts)]
    document, found = unpack(pack({"charts": []}, columns))
    assert document["charts"] == []
    assert {name: column.tobytes() for name, column in found.items()} == {name: data for name, _, data in columns}


def test_equal_columns_are_sent_once_and_constant_ones_not_at_all() -> None:
    value, ones = array("d", range(1_000)).tobytes(), array("I", [1] * 1_000).tobytes()
    columns = [("mean", "f8", value), ("min", "f8", value), ("last", "f8", value), ("count", "u4", ones)]
    body = pack({}, columns)
    assert len(body) < 8_200
    assert unpack(body)[0]["columns"] == [["mean", "f8"], ["min", "=mean"], ["last", "=mean"], ["count", 1]]


def test_nothing_is_a_series_too() -> None:
    assert [len(column) for column in unpack(pack({}, [("mean", "f8", b""), ("count", "u4", b"")]))[1].values()] == [
        0,
        0,
    ]


@pytest.mark.parametrize(
    ("told", "wrong"),
    [(b'["min","=mean"]', b'["min","=last"]'), (b'["count",1]', b'["count",-')],
)
def test_a_column_that_cannot_be_is_told(told: bytes, wrong: bytes) -> None:
    value = array("d", [1.0, 2.0]).tobytes()
    body = pack({}, [("mean", "f8", value), ("min", "f8", value), ("count", "u4", array("I", [1, 1]).tobytes())])
    assert told in body
    with pytest.raises(InvalidInput, match="cannot be read"):
        unpack(body.replace(told, wrong))


def test_columns_that_are_not_there_take_no_memory() -> None:
    body = bytearray(pack({}, [("mean", "f8", bytes(16)), ("count", "u4", bytes(8))]))
    body[12:16] = b"\xff\xff\xff\xff"  # the number of rows
    with pytest.raises(InvalidInput, match="shorter than one column"):
        unpack(bytes(body))
