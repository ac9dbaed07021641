"""Tails: the batches of an owner as they came, until they lie in chunks and pages.

A tail that is too long is made short. Small batches are rather folded into one: chunks grow by thousands of points, and
a run that logs point by point would rewrite its last chunk for each few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from assay.core.points.payload import decode_all, encode

TAIL_BATCHES = 32
TAIL_BYTES = 256 * 1024
EARLY = 0.75  # of a full tail
FOLDED = 1_024  # points of a batch that is folded with others no more
Tail = tuple[int, int]  # its batches and their bytes


class Batch(NamedTuple):
    """A batch as it is stored."""

    points: int
    payload: bytes


class Folded(NamedTuple):
    """What several batches become."""

    batch: Batch
    fewer: int  # batches
    fewer_bytes: int


def bounds() -> Tail:
    """The most batches and bytes of a tail."""
    return TAIL_BATCHES, TAIL_BYTES


def due(tails: Mapping[int, Tail]) -> list[int]:
    """Those whose tails are to be made short now."""
    fill = {owner_id: max(count / TAIL_BATCHES, held / TAIL_BYTES) for owner_id, (count, held) in tails.items()}
    long = sorted(owner_id for owner_id, share in fill.items() if share > 1)
    near = [owner_id for owner_id, share in fill.items() if share > EARLY]
    if not long and len(near) > 1:  # owners that began together are compacted one a commit, not all in one
        long = [max(near, key=fill.__getitem__)]
    return long


def is_near(tail: Tail) -> bool:
    """Whether a tail is made short early, together with others."""
    return max(tail[0] / TAIL_BATCHES, tail[1] / TAIL_BYTES) > EARLY


def is_small(held: int) -> bool:
    """Whether a tail of so many bytes is rather folded than compacted, if most of its batches are small."""
    return held <= EARLY * TAIL_BYTES


def are_most(small: Sequence[object], batches: int) -> bool:
    """Whether these are most of a tail of so many batches."""
    return 2 * len(small) > batches


def is_folded(batch: Batch) -> bool:
    """Whether the batch is so small that it is folded with others."""
    return batch.points < FOLDED


def fold(small: Sequence[Batch]) -> Folded:
    """The batches, at least one, as one in canonical order."""
    points = decode_all([batch.payload for batch in small]).normal()
    one = Batch(len(points), encode(points))
    return Folded(one, len(small) - 1, sum(len(batch.payload) for batch in small) - len(one.payload))
