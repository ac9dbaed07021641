"""Payloads that have nothing in common but that each is of one series."""

from __future__ import annotations

import numpy as np

from assay.core.points.columns import from_lists
from assay.core.points.payload import encode


def uneven(*, exact: bool) -> list[bytes]:
    """Of 2 to 301 points with some NaN: steps that need 1 to 8 bytes, times that fall; `exact` as float32 or not."""
    rng = np.random.default_rng(2)
    payloads = []
    for number in range(40):
        count = 2 + int(rng.integers(300))
        value = rng.normal(size=count)
        value[:: 1 + number % 7] = np.nan
        wide = 1 << (8 * (number % 4))
        steps, times = np.arange(count) * wide * 100 - number, rng.integers(-(1 << 62), 1 << 62, count)
        payloads.append(encode(from_lists([number] * count, steps, times, value.astype("f4") if exact else value)))
    return payloads
