"""What the machine itself needs for a read: an empty answer, the same bytes over loopback, points decoded, a mask."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from asking import Asker, timed
from bodies import walks
from floors import BARE
from targets import Target

from assay.core.points import chunks
from assay.core.points.columns import from_lists
from assay.core.points.payload import decode, encode


def empty_ms(times: int = 200) -> float:
    """GET /health of a bare Starlette, as the parts ask for it."""
    return _bare("/health", times)


def loopback_ms(size: int) -> float:
    """An answer of so many zero bytes, made beforehand, by a bare Starlette."""
    return _bare(f"/bytes/{size}", 5)


def _bare(path: str, times: int) -> float:
    target = Target.begin(BARE)
    asker = Asker(target.url)
    try:
        return timed(lambda: asker.get(path), times).wall_ms
    finally:
        asker.close()
        target.stop()


def decoded_ms(count: int) -> float:
    """The stored chunks of a series of so many points, opened one after the other in this process."""
    values = walks(1, count, 0)[0].astype(np.float64)
    steps = np.arange(count, dtype=np.int64)
    points = from_lists(np.ones(count, np.int64), steps, steps * 1_000_000, values)
    payloads = [encode(piece, 3) for piece in chunks.cut(points)]
    return _median_ms(lambda: [decode(payload) for payload in payloads])


def masked_ms(count: int) -> float:
    """One comparison over so many numbers, and the 100 greatest of what holds, by numpy."""
    values = np.random.default_rng(0).random(count)

    def top() -> None:
        found = np.flatnonzero(values > 0.5)
        best = found[np.argpartition(-values[found], min(100, len(found) - 1))[:100]]
        np.sort(values[best])

    return _median_ms(top)


def _median_ms(work: Callable[[], object]) -> float:
    took = []
    for _ in range(4):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1_000)
    return statistics.median(took[1:])
