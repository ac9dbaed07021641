"""What is measured of each server: the loads, the files, the start, the tail."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import files
import load
import tail
from targets import Kind, Target

IDLE_S = 5.0


@dataclass(frozen=True)
class Lengths:
    """How long everything is measured."""

    window_s: float
    tail_s: float
    warm_s: float
    windows: int = 3
    big_bytes: int = 1 << 30
    small_files: int = 2_000
    native_s: float = 300  # from the first request on, as ten windows


FULL = Lengths(window_s=60, tail_s=300, warm_s=3)
QUICK = Lengths(window_s=5, tail_s=30, warm_s=1, native_s=10)
NATIVE_WINDOWS = 10


@dataclass(frozen=True)
class Shape:
    """A load: what is sent and over how many connections."""

    shape: str
    connections: int
    title: str
    unit: str = "points/s"


NATIVE = "native-8"
LOADS = {
    "batch-8": Shape("batch", 8, "log-batch, 10 keys x 100 steps, 8 connections"),
    "batch-1": Shape("batch", 1, "log-batch, 10 keys x 100 steps, 1 connection"),
    "wide-8": Shape("wide", 8, "log-batch, 1,000 keys x 1 step, 8 connections"),
    "single-8": Shape("single", 8, "log-metric, 8 connections", "requests/s"),
    NATIVE: Shape("columns", 8, "native points, 10 keys x 3,200 steps, 8 connections"),
}
CELLS = ("start", *LOADS, "big-file", "small-files", "tail")


@dataclass(frozen=True)
class Started:
    """Seconds to the first answer, and megabytes when idle 5 s later."""

    seconds: float
    resident_mb: float
    shared_once_mb: float


Outcome = load.Load | files.Big | files.Small | tail.Growth | Started


def applies(cell: str, kind: Kind) -> bool:
    """Whether the cell is measured on this kind of server."""
    if cell in ("tail", "batch-1", "wide-8", NATIVE):  # our own tables; beside the floors; reported without a bar
        return kind.ours
    return kind.files or not cell.endswith(("-file", "-files"))


def measure(cell: str, target: Target, lengths: Lengths, source: Path | None) -> Outcome:
    """The outcome of one cell on a running server."""
    if cell in LOADS:
        asked = LOADS[cell]
        warm_s, window_s, windows = lengths.warm_s, lengths.window_s, lengths.windows
        if cell == NATIVE:
            warm_s, window_s, windows = 0.0, lengths.native_s / NATIVE_WINDOWS, NATIVE_WINDOWS
        settings = {"warm_s": warm_s, "window_s": window_s, "windows": windows}
        return load.outcome(load.start(target.url, asked.shape, asked.connections, **settings))
    if cell == "tail":
        return tail.watch(target, lengths.tail_s)
    if cell == "small-files":
        return files.small(target, lengths.small_files)
    assert source is not None
    return files.big(target, source)


def idle(target: Target) -> Started:
    """What a server that was just started holds after a rest."""
    time.sleep(IDLE_S)
    return Started(target.start_s, *target.memory_mb())


def started(kind: Kind) -> Started:
    """Medians of three starts on empty stores; of one where a start takes long."""
    found = []
    for _ in range(1 if kind.slow_start else 3):
        target = Target.begin(kind)
        try:
            found.append(idle(target))
        finally:
            target.stop()
    names = Started.__dataclass_fields__
    return Started(*(statistics.median(getattr(one, name) for one in found) for name in names))
