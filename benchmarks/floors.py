"""What the machine itself needs: a synchronised write, an empty request, a body decoded and dropped, a copied file."""

from __future__ import annotations

import os
import statistics
import sys
import time
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import load
from bodies import Batches
from loop import drive
from targets import Kind, Target, workplace

BARE = Kind(
    "decoded and dropped",
    Path(sys.executable),
    (str(Path(__file__).with_name("bare.py")), "{port}"),
    "nothing is kept",
)


@dataclass(frozen=True)
class Floors:
    """Medians, in milliseconds where the name says so."""

    body_bytes: int
    sync_ms: float
    sync_p90_ms: float
    empty_ms: float
    health_ms: float  # the same request to ours
    dropped_ms: float
    dropped_points_per_s: float  # 8 connections

    @property
    def batch_ms(self) -> float:
        """The least a durable log-batch on one connection takes."""
        return self.sync_ms + self.dropped_ms


def sync_ms(length: int, times: int = 200) -> list[float]:
    """Milliseconds of each append of so many bytes with fdatasync, on the disk that the stores lie on."""
    path = workplace() / "sync.bin"
    data = os.urandom(length)
    took = []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            began = time.perf_counter()
            file.write(data)
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - began) * 1_000)
    path.unlink()
    return sorted(took)


def empty_ms(url: str, seconds: float) -> float:
    """Median milliseconds of GET /health on one connection."""
    took = drive(url, [repeat(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")], seconds).took
    return statistics.median(took) * 1_000


def measure(window_s: float, ours: Kind) -> Floors:
    """All floors but those of files."""
    seconds = max(3.0, window_s / 6)
    body = Batches(10, 100).sample()
    synced = sync_ms(len(body))
    bare = Target.begin(BARE)
    try:
        empty = empty_ms(bare.url, seconds)
        settings = {"warm_s": 1.0, "window_s": seconds, "windows": 1}
        one = load.outcome(load.start(bare.url, "batch", 1, **settings))
        eight = load.outcome(load.start(bare.url, "batch", 8, **settings))
    finally:
        bare.stop()
    target = Target.begin(ours)
    try:
        health = empty_ms(target.url, seconds)
    finally:
        target.stop()
    sync, p90 = statistics.median(synced), synced[len(synced) * 9 // 10]
    return Floors(len(body), sync, p90, empty, health, one.p50_ms, eight.median)


def pooled(measured: list[Floors]) -> Floors:
    """The median of each floor over several measurements."""
    names = Floors.__dataclass_fields__
    return Floors(*(statistics.median(getattr(one, name) for one in measured) for name in names))
