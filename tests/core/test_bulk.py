"""Payloads opened together are what they are one by one."""

from __future__ import annotations

import numpy as np
import pytest
from core.uneven import uneven
from hypothesis import given
from hypothesis import strategies as st

from assay.core.points.bulk import decode_all
from assay.core.points.columns import from_lists
from assay.core.points.payload import decode, encode
from assay.testing.naive import of_columns
from assay.wire.errors import Corrupt

NUMBER = st.sampled_from([0, 1, 2, 300, 70_000, 1 << 40, -(1 << 63), (1 << 63) - 1])
POINT = st.tuples(NUMBER, NUMBER, NUMBER, st.sampled_from([0.0, 0.5, 0.1, float("nan"), float("inf")]) | st.floats())
BATCHES = st.lists(st.tuples(st.lists(POINT, min_size=1, max_size=6), st.integers(1, 12)), max_size=6)


@given(BATCHES, st.randoms())
def test_together_as_one_by_one(
    batches: list[tuple[list[tuple[int, int, int, float]], int]], random: st.randoms
) -> None:  # type: ignore[valid-type]
    payloads = [
        encode(from_lists(*zip(*[(k, s + n if s < 100 else s, t, v) for k, s, t, v in points], strict=True)))
        for points, times in batches
        for n in range(times)
    ]
    random.shuffle(payloads)  # type: ignore[attr-defined]
    points, source = decode_all(payloads)
    assert len(points) == len(source)
    for position, payload in enumerate(payloads):
        mine = points.take(source == position)
        assert of_columns(mine) == of_columns(decode(payload))


def test_a_training_loop_is_one_matrix() -> None:
    rng = np.random.default_rng(1)
    payloads = [
        encode(from_lists(range(10), [step] * 10, [step * 997] * 10, rng.normal(size=10))) for step in range(500)
    ]
    points, source = decode_all(payloads)
    assert np.bincount(source).tolist() == [10] * 500
    assert sorted(of_columns(points)) == sorted(item for payload in payloads for item in of_columns(decode(payload)))


@pytest.mark.parametrize("exact", [True, False])
def test_folded_tails_of_other_lengths_are_laid_end_to_end(*, exact: bool) -> None:
    payloads = uneven(exact=exact)
    points, source = decode_all(payloads)
    for position, payload in enumerate(payloads):
        assert of_columns(points.take(source == position)) == of_columns(decode(payload))


def test_one_damaged_payload_is_told() -> None:
    payloads = [encode(from_lists(range(10), [step] * 10, [step] * 10, [0.1] * 10)) for step in range(20)]
    payloads[7] = payloads[7][:-1] + bytes((payloads[7][-1] ^ 1,))
    with pytest.raises(Corrupt):
        decode_all(payloads)
    assert [len(column) for column in decode_all([])] == [0, 0]
