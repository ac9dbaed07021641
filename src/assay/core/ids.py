"""Ids of top-level rows: 63 bits, ordered by time, the kind in the low bits.

Runs and logged models both own params, tags, points and files. Because the kind is part of the id, the two can
share those tables without a table of owners between: two owners of different kinds never have the same id, and
within a kind the primary key refuses a collision (the caller draws again).
"""

from __future__ import annotations

from enum import IntEnum

EPOCH_MS = 1_577_836_800_000  # 2020-01-01: 42 bits of milliseconds last until 2159
RANDOM_BITS = 18
KIND_BITS = 3


class Kind(IntEnum):
    """What an id names."""

    RUN = 1
    MODEL = 2
    DATASET = 3
    GROUP = 4
    TREE = 5
    ACCOUNT = 6  # a user, a group of users, or a token


def make_id(kind: Kind, now_us: int, random: int) -> int:
    """The id of a new row of this kind; `random` gives its low 18 bits."""
    ms = max(now_us // 1000 - EPOCH_MS, 0)
    return (((ms << RANDOM_BITS) | (random & ((1 << RANDOM_BITS) - 1))) << KIND_BITS) | kind


def kind_of(id: int) -> Kind:
    """The kind that an id was made for.

    Raises:
        ValueError: The id was not made by `make_id`.
    """
    return Kind(id & ((1 << KIND_BITS) - 1))
