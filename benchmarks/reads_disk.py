"""Bytes a point on disk: runs of 10, 5,000 and 1 M points, values of float32 and of float64, ours beside mlflow's."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import load
import numpy as np
import reads_points
from bodies import POINTS, head
from loop import drive
from peer_rows import PeerFile
from reads import Row, Section, asked, perform
from reads_points import FIRST_MS, KEY
from run import Contender, say
from runs_data import uid_of
from targets import Target

from assay.wire.points import MEDIA_TYPE, pack

AT_ONCE = 10_000  # points of a body
FULL = ((10, 5_000), (5_000, 200), (1_000_000, 2))  # points of a run, runs
QUICK = ((10, 300), (5_000, 10), (100_000, 1))
WORDS = (
    "Bytes a point of one key, latest values, indices and all else that came with the points included, the rows of the "
    "runs themselves not; bare step, time and value are 24. Ours: data, and in brackets with the free pages that a "
    "file or a table keeps for what comes next."
)
KINDS = {"float32": np.float32, "float64": np.float64}


@dataclass(frozen=True)
class Series:
    """The points of a run: a step about every second, at a millisecond of its own; values a random walk."""

    steps: np.ndarray
    times_ms: np.ndarray
    values: np.ndarray


def series(count: int, kind: str, seed: int) -> Series:
    """One run's points, whose values are as of this kind."""
    rng = np.random.default_rng([seed, count])
    steps = np.arange(count, dtype=np.int64)
    walk = (1 + np.cumsum(rng.normal(0, 0.01, count))).astype(KINDS[kind]).astype(np.float64)
    return Series(steps, FIRST_MS + steps * 1_000 + rng.integers(0, 1_000, count), walk)


def bodies(url: str, uid: str, points: Series) -> Iterator[bytes]:
    """The points as requests to the native API."""
    for at in range(0, len(points.steps), AT_ONCE):
        part = slice(at, at + AT_ONCE)
        steps = points.steps[part]
        columns = (steps.tolist(), (points.times_ms[part] * 1_000).tolist(), points.values[part].tobytes())
        body = pack([KEY], bytes(4 * len(steps)), *columns)
        yield head(url, "POST", POINTS % (uid, at), len(body), MEDIA_TYPE) + body


def ours(contender: Contender, count: int, runs: int, kind: str) -> tuple[float, float]:
    """Bytes a point: what is held, and what of it is data."""
    target = Target.begin(contender.make())
    try:
        uids = [str(load.new_run(target.url)["run_id"]) for _ in range(runs)]
        for uid in uids:  # so that the rows of the runs are as they will be
            reads_points.end(target, uid)
        before = sizes(target)
        target.start()
        url = target.url
        streams: list[Iterator[bytes]] = [
            (body for number, uid in mine for body in bodies(url, uid, series(count, kind, number)))
            for mine in (
                list(enumerate(uids))[first :: reads_points.CONNECTIONS] for first in range(reads_points.CONNECTIONS)
            )
            if mine
        ]
        record = drive(url, streams)
        if record.refused:
            raise RuntimeError(f"{record.refused} refused: {record.refusal}")
        for uid in uids:
            reads_points.end(target, uid)
        reads_points.settle(target)
        after = sizes(target)
    finally:
        target.stop()
    points = count * runs
    return (after[0] - before[0]) / points, (after[1] - before[1]) / points


def sizes(target: Target) -> tuple[int, int]:
    """Bytes of the whole catalog, and of it without what is free; its server rests afterwards."""
    target.rest()
    if not target.kind.store:
        path = target.folder / "home" / "assay.db"
        held = sum(file.stat().st_size for file in path.parent.glob("assay.db*"))
        file = sqlite3.connect(path)
        pages, free, page = (
            file.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        file.close()
        return held, (pages - free) * page
    import psycopg

    found = []
    with psycopg.connect(target.kind.store, autocommit=True) as server:
        for vacuum in ("VACUUM", "VACUUM FULL"):
            server.execute(vacuum)
            row = server.execute("SELECT pg_database_size(current_database())").fetchone()
            assert row is not None
            found.append(int(row[0]))
    return found[0], found[1]


def peers(target: Target, count: int, runs: int, kind: str, first: int) -> float:
    """Bytes a point in the peer's file."""
    peer = PeerFile(target)
    try:
        numbers = range(first, first + runs)
        peer.put("runs", ("run_uuid", "row_num"), ((uid_of(n), peer.row_num + 1 + n) for n in numbers))
        before = peer.size()
        names = ("run_uuid", "key", "step", "timestamp", "value", "is_nan", "iter")
        peer.put("metrics", names, _rows(numbers, count, kind))
        last = ((*row[:5], 0, count) for row in _rows(numbers, count, kind) if row[2] == count - 1)
        peer.put("latest_metrics", (*names[:-1], "last_iter"), last)
        return (peer.size() - before) / (count * runs)
    finally:
        peer.close()


def _rows(numbers: Sequence[int], count: int, kind: str) -> Iterator[tuple[object, ...]]:
    for number in numbers:
        points = series(count, kind, number)
        columns = (points.steps.tolist(), points.times_ms.tolist(), points.values.tolist())
        uid = uid_of(number)
        for step, time_ms, value in zip(*columns, strict=True):
            yield uid, KEY, step, time_ms, value, 0, step + 1


def measure(section: Section, everybody: list[Contender]) -> None:
    """Every server with every length of run and kind of value."""
    cases = QUICK if section.options.quick else FULL
    found: dict[tuple[int, str], dict[str, str]] = {}
    names = [contender.name for contender in everybody if contender.name.startswith(("assay", "mlflow"))]
    rows: list[Row] = section.rows(WORDS, "points of a run", "values", *names)
    for contender in everybody:
        if contender.name not in names:
            continue
        kind = contender.make()
        target = None if kind.ours else Target.begin(kind)
        first = 0
        try:
            for count, runs in cases:
                for values in KINDS:
                    with section.attempt(f"{kind.name}: {runs:,} runs of {count:,} points, {values}"):
                        began = time.monotonic()
                        if target is None:
                            held, data = ours(contender, count, runs, values)
                            cell = f"{data:.1f} ({held:.1f})"
                        else:
                            cell = f"{peers(target, count, runs, values, first):.1f}"
                            first += runs
                        found.setdefault((count, values), {})[kind.name] = cell
                        rows[:] = [
                            (f"{length:,}", of, *(cells.get(name, "") for name in names))
                            for (length, of), cells in found.items()
                        ]
                        say(f"    {cell} bytes a point, {time.monotonic() - began:.0f} s")
        finally:
            if target is not None:
                target.stop()


def main() -> int:
    """Measures, and writes the section."""
    intro = (
        "Times are about a second apart, each at a millisecond of its own; values are random walks. Ours came over the "
        "native API and settled; mlflow's were put into its SQLite file row by row. On PostgreSQL, free space is what "
        "VACUUM FULL gives back."
    )
    options = asked("Measures bytes a point on disk.")
    return perform(Section("reads_disk", "Bytes a point on disk", intro, options), measure)


if __name__ == "__main__":
    sys.exit(main())
