"""Whether compaction keeps up: what lies uncompacted and unfolded while a load runs, read beside it."""

from __future__ import annotations

import sqlite3
import statistics
import time
from dataclasses import dataclass
from typing import Any

import load
from targets import Target

COUNTS = (
    "select (select count(*) from metric_batch), (select coalesce(sum(count), 0) from metric_batch), "
    "(select count(*) from metric_live), (select count(*) from metric_motion)"
)
RUN_LENGTH = 500
SLACK = 1.25  # a sawtooth of folding and logging is no growth


@dataclass(frozen=True)
class Sample:
    """The counts at one moment."""

    at_s: float
    batches: int
    points: int
    live: int
    owners: int


@dataclass(frozen=True)
class Growth:
    """A run of the load with the samples taken beside it."""

    seconds: float
    points_per_s: float
    samples: list[Sample]

    def medians(self, name: str, parts: int = 5) -> list[float]:
        """The median of a count in each equal part of the time."""
        length = self.seconds / parts
        found: list[list[float]] = [[] for _ in range(parts)]
        for sample in self.samples:
            found[min(int(sample.at_s / length), parts - 1)].append(getattr(sample, name))
        return [statistics.median(values) if values else float("nan") for values in found]

    @property
    def steady(self) -> bool:
        """Neither batches nor latest values grew in the last four fifths."""
        return all(self._level(self.medians(name)) for name in ("batches", "live"))

    @staticmethod
    def _level(medians: list[float]) -> bool:
        return medians[-1] <= SLACK * max(medians[1], medians[2])


def watch(target: Target, seconds: float) -> Growth:
    """Eight connections log for so long; half of them end their run every 500 batches and begin another."""
    catalog = Catalog(target)
    process = load.start(target.url, "batch", 8, warm_s=0.0, window_s=seconds, windows=1, short_runs=RUN_LENGTH)
    began = time.perf_counter()
    samples = []
    while process.poll() is None and time.perf_counter() - began < seconds:
        time.sleep(min(1.0, seconds / 60))
        samples.append(Sample(time.perf_counter() - began, *catalog.counts()))
    catalog.close()
    loaded = load.outcome(process)
    if loaded.refused:
        raise RuntimeError(f"{loaded.refused} refused: {loaded.refusal}")
    return Growth(seconds, loaded.median, samples)


class Catalog:
    """Our tables, read beside the running server."""

    def __init__(self, target: Target) -> None:
        self._connection: Any
        if target.kind.store:
            import psycopg

            self._connection = psycopg.connect(target.kind.store, autocommit=True)
        else:
            path = target.folder / "home" / "assay.db"
            self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20, isolation_level=None)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What a statement finds."""
        return list(self._connection.execute(statement).fetchall())

    def counts(self) -> tuple[int, ...]:
        """Batches, points in them, live values, owners in motion."""
        return self.rows(COUNTS)[0]

    def close(self) -> None:
        """The connection is closed."""
        self._connection.close()
