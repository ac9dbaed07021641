"""Which tails are made short, and what their batches become."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.points.columns import from_lists
from assay.core.points.payload import decode, encode
from assay.core.points.tails import FOLDED, TAIL_BATCHES, TAIL_BYTES, Batch, are_most, due, fold, is_folded, is_near
from assay.stores.remembered import EACH_BYTES, Remembered

FULL, NEAR, SHORT = (TAIL_BATCHES + 1, 1), (TAIL_BATCHES - 1, 1), (2, 1)


def batch_of(*steps: int) -> Batch:
    n = len(steps)
    return Batch(n, encode(from_lists([1] * n, steps, [7] * n, [0.5] * n).normal()))


def test_a_full_tail_is_due_and_of_those_nearly_full_one() -> None:
    assert due({1: SHORT, 2: FULL, 3: NEAR, 4: (1, TAIL_BYTES + 1)}) == [2, 4]
    assert due({1: SHORT, 2: NEAR, 3: (TAIL_BATCHES, 1)}) == [3]
    assert due({1: SHORT, 2: NEAR}) == []
    assert is_near(NEAR)
    assert not is_near(SHORT)


@given(st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=20), min_size=1, max_size=12))
def test_batches_become_one_with_each_point_once(sent: list[list[int]]) -> None:
    batches = [batch_of(*steps) for steps in sent]
    one, fewer, fewer_bytes = fold(batches)
    distinct = sorted({step for steps in sent for step in steps})
    assert decode(one.payload).step.tolist() == distinct
    assert one.points == len(distinct)
    assert fewer == len(batches) - 1
    assert fewer_bytes == sum(len(batch.payload) for batch in batches) - len(one.payload)


@pytest.mark.parametrize(("small", "batches", "most"), [(0, 1, False), (1, 2, False), (2, 3, True), (3, 3, True)])
def test_most(small: int, batches: int, most: bool) -> None:
    assert are_most([None] * small, batches) is most


def test_large_batches_are_not_folded() -> None:
    assert is_folded(Batch(FOLDED - 1, b""))
    assert not is_folded(Batch(FOLDED, b""))


def test_a_tail_is_remembered_from_its_beginning_and_whole() -> None:
    remembered = Remembered()
    one, two = batch_of(1), batch_of(2)
    remembered.add(7, one, 2)
    assert remembered.tail(7) is None
    remembered.begin(7, [one])
    remembered.add(7, two, 2)
    assert remembered.tail(7) == [one, two]
    remembered.add(7, one, 4)  # somebody else wrote the third
    assert remembered.tail(7) is None


def test_what_is_remembered_is_bounded() -> None:
    batch = batch_of(1)
    remembered = Remembered(3 * (len(batch.payload) + EACH_BYTES))
    for owner_id in range(3):
        remembered.begin(owner_id, [batch])
    remembered.begin(1, [batch])  # instead of what there was
    remembered.forget(0)
    remembered.add(1, batch, 2)
    assert remembered.tail(1) == [batch, batch]
    assert remembered.tail(2) == [batch]
    remembered.add(2, batch, 2)
    assert all(remembered.tail(owner_id) is None for owner_id in range(3))
    for owner_id in range(3):
        remembered.begin(owner_id, [batch])
    assert remembered.tail(2) == [batch]
