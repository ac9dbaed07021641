"""Points on the wire: what is packed is unpacked, and what is no body of points is refused."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.wire.errors import InvalidInput
from assay.wire.points import HEAD, POINT_BOUND, pack, unpack

INT64 = st.integers(-(2**63), 2**63 - 1)
NAMES = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1, max_size=5)


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    """What `pack` takes."""
    keys, contexts = draw(NAMES), draw(st.just([]) | NAMES)
    n = draw(st.integers(0, 12))

    def column(numbers: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(numbers, min_size=n, max_size=n))

    return {
        "keys": keys,
        "key": column(st.integers(0, len(keys) - 1)),
        "steps": column(INT64),
        "times_us": column(INT64),
        "values": column(st.floats(allow_nan=False)),
        "rows": column(INT64) if draw(st.booleans()) else None,
        "contexts": contexts,
        "context": column(st.integers(0, len(contexts))) if contexts else None,
    }


def numbers(kind: str, column: memoryview | None) -> list[Any] | None:
    """A column as a list."""
    return None if column is None else list(struct.unpack(f"<{len(column) // struct.calcsize(kind)}{kind}", column))


@given(bodies())
def test_what_is_packed_is_unpacked(given: dict[str, Any]) -> None:
    found = unpack(pack(**given))
    assert (found.keys, found.contexts, found.n) == (given["keys"], given["contexts"], len(given["values"]))
    assert numbers("d", found.value) == given["values"]
    assert numbers("q", found.step) == given["steps"]
    assert numbers("q", found.time_us) == given["times_us"]
    assert numbers("q", found.row) == given["rows"]
    assert numbers("I", found.key) == given["key"]
    assert numbers("I", found.context) == given["context"]


def test_every_number_survives() -> None:
    values = [math.nan, math.inf, -math.inf, -0.0, 5e-324]
    found = numbers("d", unpack(pack(["m"], [0] * 5, [0] * 5, [0] * 5, values)).value)
    assert list(map(repr, found or [])) == list(map(repr, values))


@given(bodies(), st.data())
def test_a_body_cut_short_or_spoiled_is_refused_or_read(given: dict[str, Any], data: st.DataObject) -> None:
    body = pack(**given)
    for wrong in (body[: data.draw(st.integers(0, len(body) - 1))], body + b"\0"):
        with pytest.raises(InvalidInput, match="cannot be read"):
            unpack(wrong)
    at = data.draw(st.integers(0, len(body) - 1))
    spoiled = body[:at] + bytes([body[at] ^ data.draw(st.integers(1, 255))]) + body[at + 1 :]
    try:
        found = unpack(spoiled)
    except InvalidInput:
        return
    assert found.n == len(given["values"])


@given(st.binary(max_size=200))
def test_nonsense_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        unpack(body)


def test_bounds_are_told() -> None:
    with pytest.raises(InvalidInput, match=f"{POINT_BOUND + 1} points") as refused:
        unpack(HEAD.pack(b"aspt", 1, 0, 0, 0, POINT_BOUND + 1))
    assert refused.value.bound == POINT_BOUND
    with pytest.raises(InvalidInput, match="holds 4294967295 names"):
        unpack(HEAD.pack(b"aspt", 1, 0, 0, 2**32 - 1, 1))
    with pytest.raises(OverflowError):
        pack(["m"], [0], [2**63], [0], [0.0])
