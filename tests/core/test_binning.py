"""Payloads laid into buckets without being decoded whole, beside the same points decoded and laid one by one."""

from __future__ import annotations

from dataclasses import fields
from typing import Literal

import numpy as np
import pytest
from core.uneven import uneven
from hypothesis import example, given
from hypothesis import strategies as st

from assay.core.envelope import sealed
from assay.core.points.binning import _body, _stride, binned
from assay.core.points.buckets import HIGHEST, LOWEST, Buckets, concat, folded
from assay.core.points.columns import from_lists
from assay.core.points.drawing import along, laid
from assay.core.points.payload import FORMAT, decode, encode, expand
from assay.wire.errors import Corrupt

AXES: tuple[Literal["step", "time_us"], ...] = ("step", "time_us")
NAN = float("nan")


def one_by_one(payloads: list[bytes], axis: Literal["step", "time_us"], shift: int, origins: list[int]) -> Buckets:
    """What is expected."""
    parts = []
    for number, (payload, origin) in enumerate(zip(payloads, origins, strict=True)):
        points = decode(payload)
        x = along(points.step if axis == "step" else points.time_us, np.array(origin))
        parts.append(laid(number, 0, x >> shift, points.value))
    return folded(concat(parts))


def same(found: Buckets, expected: Buckets) -> None:
    """Number for number."""
    for field in fields(Buckets):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(expected, field.name), field.name)


def chunk(first: int, strides: list[int], values: list[float]) -> bytes:
    """Steps that grow by these, as far as they go; times fall and rise."""
    steps = [first]
    for stride in strides:
        if steps[-1] + stride > HIGHEST:
            break
        steps.append(steps[-1] + stride)
    value = [values[number % len(values)] for number in range(len(steps))]
    return encode(from_lists([0] * len(steps), steps, [abs(3 - number) * 50 for number in range(len(steps))], value))


STRIDE = st.sampled_from([0, 1, 2, 3, 7, 10, 16, 127, 128, 255, 256, 1000, 1 << 15, 1 << 31, 1 << 40, HIGHEST])
STRIDES = st.tuples(STRIDE, st.integers(0, 40)).map(lambda even: [even[0]] * even[1]) | st.lists(STRIDE, max_size=12)
FIRST = st.sampled_from([0, 1, 5, -1, -7, 1000, LOWEST, LOWEST + 1, HIGHEST, HIGHEST - 99]) | st.integers(-200, 200)
VALUES = st.lists(
    st.sampled_from([0.5, 0.1, 3.0, -2.0, NAN, float("inf"), float("-inf"), 1e308]), min_size=1, max_size=5
)
CHUNKS = st.lists(st.builds(chunk, FIRST, STRIDES, VALUES), min_size=1, max_size=8)


@given(CHUNKS, st.sampled_from([0, 1, 2, 4, 5, 10, 31, 40, 62, 63]), st.sampled_from(AXES), st.booleans())
@example([chunk(5, [1] * 300, [1.0]), chunk(-3, [4] * 9, [NAN]), chunk(0, [], [1.0])], 2, "step", False)
@example([chunk(LOWEST, [1 << 15] * 40, [0.5])], 63, "step", False)
def test_binned_as_decoded(payloads: list[bytes], shift: int, axis: Literal["step", "time_us"], moved: bool) -> None:
    origins = [number * 17 if moved else 0 for number in range(len(payloads))]
    same(folded(binned(payloads, axis, shift, origins)), one_by_one(payloads, axis, shift, origins))


@pytest.mark.parametrize("exact", [True, False])
def test_chunks_of_other_lengths_and_widths(*, exact: bool) -> None:
    payloads = uneven(exact=exact)
    for axis in AXES:
        for shift in (0, 8, 20, 60):
            found = binned(payloads, axis, shift, [0] * len(payloads))
            same(folded(found), one_by_one(payloads, axis, shift, [0] * len(payloads)))


@pytest.mark.parametrize(
    ("strides", "expected"),
    [([1] * 9, 1), ([100] * 9, 100), ([300] * 9, 300), ([0] * 9, 0), ([1, 1, 2], -1), ([1 << 40] * 3, -1), ([], 0)],
)
def test_what_grows_evenly_is_known(strides: list[int], expected: int) -> None:
    """Else the quick way would never be taken, and nobody would see it."""
    assert _body(0, expand(chunk(7, strides, [0.5])), "step").stride == expected


def test_what_falls_is_not_even() -> None:
    data = expand(encode(from_lists([0] * 4, [0, 1, 2, 3], [9, 8, 7, 6], [0.5] * 4)))
    body = _body(0, data, "time_us")
    assert (body.mode, _stride(data, body.at, body.mode, 4)) == (1, -1)


def test_one_damaged_payload_is_told() -> None:
    payloads = [encode(from_lists(range(10), [step] * 10, [step] * 10, [0.1] * 10)) for step in range(20)]
    assert len(binned([], "step", 0, [])) == 0
    with pytest.raises(Corrupt):
        binned([*payloads, payloads[7][:-1] + bytes((payloads[7][-1] ^ 1,))], "step", 0, [0] * 21)
    with pytest.raises(Corrupt):
        binned([payloads[1], sealed(expand(payloads[0])[:-1], FORMAT, 0)], "step", 0, [0, 0])
