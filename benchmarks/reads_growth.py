"""Growth: ingest, search and history with 10 k, 1 M and 100 M points stored, in windows in turn; with `--giga`, 1 G.

Every store has the same 101 runs: one of 5,000 points, which is read, and 100 of 10 keys. Each window is on a copy of
its store, because a window of ingest would make ten thousand points millions.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import load
import reads_paths as paths
import reads_points
from asking import Asker, timed
from reads import Row, Section, asked, perform
from reads_points import KEY
from run import Contender, say
from tail import Catalog
from targets import Target, assay, workplace

RUNS, PROBE = 100, 5_000
AT_ONCE = 3_125  # steps of a body
SIZES = {"10 k": 5, "1 M": 1_000, "100 M": 100_000}  # points stored -> steps of each of the 100 runs' 10 keys
QUICK = {"10 k": 5, "1 M": 1_000}
GIGA, GIGA_STEPS = "1 G", 1_000_000  # beside the smallest, after the others
SLOPE = 0.20
TAIL = 33  # batches: a full tail, and the one that makes it too long
CONNECTIONS = 8
READS, WARM = 100, 30  # of each read in a window: of 15, the medians at one size differed by a half
SEARCH = {
    "experiment_ids": ["0"],
    "max_results": 100,
    "filter": "metrics.`train/metric_001` > 0",
    "order_by": ["metrics.`train/metric_000` DESC"],
}
MEASURES = {
    "ingest": ("ingest, 8 connections", "points/s"),
    "search": ("search, a page of 100", "ms"),
    "points": (f"history of {PROBE:,} points, native", "ms"),
    "buckets": (f"the same to {PROBE // 5:,} buckets", "ms"),
    "memory": ("memory after the window", "MB"),
    "tail": ("most batches in a tail after the window", ""),
}


@dataclass
class Store:
    """A store of a size, which rests."""

    size: str
    target: Target
    uid: str  # of the run that is read
    found: dict[str, list[float]] = field(default_factory=dict)

    def median(self, name: str) -> float:
        """The median of the windows."""
        return statistics.median(self.found[name]) if self.found.get(name) else float("nan")

    def row(self) -> Row:
        """What is shown of it."""
        cells = [self.median(name) for name in MEASURES]
        return (self.size, *(f"{value:,.0f}" if value >= 100 else f"{value:.2f}" for value in cells))


@dataclass(frozen=True)
class Length:
    """How long."""

    window_s: float
    rounds: int


FULL, SHORT = Length(10.0, 5), Length(3.0, 1)


def filled(contender: Contender, size: str, steps: int) -> Store:
    """A store of this size; all runs have ended and settled."""
    target = Target.begin(contender.make())
    began = time.monotonic()
    try:
        at_once = min(steps, AT_ONCE)
        uid = reads_points.logged(target, 1, 1, PROBE, 1)[0]
        reads_points.logged(target, RUNS, 10, at_once, steps // at_once)
        reads_points.settle(target)
    except BaseException:
        target.stop()
        raise
    target.rest()
    took_s = time.monotonic() - began
    count = PROBE + RUNS * 10 * steps
    say(f"{contender.name}: {count:,} points lie there after {took_s:.0f} s ({count / took_s:,.0f} points/s)")
    return Store(size, target, uid)


def copied(target: Target) -> Target:
    """The same store once more, at rest."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=workplace()))
    shutil.copytree(target.folder, folder, dirs_exist_ok=True)
    if not target.kind.store:
        return Target(target.kind, folder)
    from sqlalchemy import make_url

    address, name = make_url(target.kind.store), f"copy_{secrets.token_hex(4)}"
    _admin(target.kind.store, f'CREATE DATABASE {name} TEMPLATE "{address.database}" STRATEGY FILE_COPY')
    return Target(assay(address.set(database=name).render_as_string(hide_password=False)), folder)


def dropped(target: Target) -> None:
    """A copy is gone."""
    target.stop()
    if target.kind.store:
        from sqlalchemy import make_url

        _admin(target.kind.store, f"DROP DATABASE {make_url(target.kind.store).database} WITH (FORCE)")


def _admin(store: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(store, dbname="postgres", autocommit=True) as server:
        server.execute(statement)


def window(store: Store, length: Length) -> None:
    """One window: what is stored is read, then more is logged."""
    target = copied(store.target)
    try:
        target.start()
        asker = Asker(target.url)
        reads = {
            "search": lambda: asker.post(f"{paths.MLFLOW}runs/search", SEARCH),
            "points": lambda: asker.get(paths.history(store.uid, KEY, "points")),
            "buckets": lambda: asker.post(paths.SERIES, paths.series([store.uid], [KEY], PROBE // 5)),
        }
        failed = ""
        for name, read in reads.items():
            try:
                store.found.setdefault(name, []).append(timed(read, times=READS, warm=WARM).best_known_ms)
            except RuntimeError as error:
                failed = f"{name}: {error}"
        asker.close()
        settings = {"warm_s": 1.0, "window_s": length.window_s, "windows": 1}
        loaded = load.outcome(load.start(target.url, "batch", CONNECTIONS, **settings))
        catalog = Catalog(target)
        tail = catalog.rows("SELECT coalesce(max(batches), 0) FROM metric_motion")[0][0]
        catalog.close()
        if loaded.refused:
            failed = f"{loaded.refused} refused: {loaded.refusal}"
        for name, value in (("ingest", loaded.median), ("memory", target.memory_mb()[1]), ("tail", float(tail))):
            store.found.setdefault(name, []).append(value)
        say(f"    {store.size}: " + ", ".join(f"{name} {values[-1]:,.1f}" for name, values in store.found.items()))
        if failed:
            raise RuntimeError(failed)
    finally:
        dropped(target)


def measure(section: Section, everybody: list[Contender]) -> None:
    """Ours on each store."""
    length = SHORT if section.options.quick else FULL
    words = (
        f"Medians of {length.rounds} windows of {length.window_s:g} s of ingest, sizes in turn; a change is the "
        "median of those within each turn:"
    )
    for contender in everybody:
        if not contender.name.startswith("assay"):
            continue
        sizes = QUICK if section.options.quick else SIZES
        rows = section.rows(
            f"{contender.name}. {words}",
            "points stored",
            *(", ".join(filter(None, words)) for words in MEASURES.values()),
        )
        stores: list[Store] = []
        with contextlib.ExitStack() as held:
            for size, steps in sizes.items():
                with section.attempt(f"{contender.name}: {size} points"):
                    stores.append(filled(contender, size, steps))
                    held.callback(stores[-1].target.stop)
            in_turn(section, contender.name, stores, length)
            rows.extend(one.row() for one in stores)
            if section.options.giga and contender.name.endswith("SQLite") and stores:
                with section.attempt(f"{contender.name}: {GIGA} points"):
                    giga = filled(contender, GIGA, GIGA_STEPS)
                    held.callback(giga.target.stop)
                    in_turn(section, contender.name, [replace(stores[0], found={}), giga], length)
                    rows.append(giga.row())


def in_turn(section: Section, name: str, stores: list[Store], length: Length) -> None:
    """Windows of each of these stores in turn, then the largest beside the smallest."""
    for number in range(length.rounds):
        for store in stores:
            with section.attempt(f"{name}: {store.size}, window {number + 1}"):
                window(store, length)
    if len(stores) > 1:
        compare(section, name, stores)


def compare(section: Section, name: str, stores: list[Store]) -> None:
    """The largest store beside the smallest, window by window: over minutes the machine's own speed changes by more."""
    small, large = stores[0], stores[-1]
    for measure_, (title, unit) in MEASURES.items():
        least, most = small.median(measure_), large.median(measure_)
        if measure_ == "tail":
            worst = max(max(store.found.get("tail", [0])) for store in stores)
            what = f"compaction keeps pace at every size, {name}: the longest tail"
            section.bar(what, f"{worst:.0f} batches", f"≤ {TAIL} batches", met=worst <= TAIL)
            continue
        if least != least or most != most:
            continue
        pairs = zip(small.found[measure_], large.found[measure_], strict=False)
        change = statistics.median(after / before for before, after in pairs) - 1
        worse = -change if measure_ == "ingest" else change
        section.bar(
            f"{title}, {large.size} stored beside {small.size}, {name}",
            f"{change:+.0%}",
            "no worse than 20 %",
            met=worse <= SLOPE,
            beside=f"{least:,.1f} → {most:,.1f} {unit}".strip(),
        )


def main() -> int:
    """Measures, and writes the section."""
    intro = (
        "Stores of 101 runs each that differ in their points only. Each window is on a copy of the store by a server "
        f"just started: reads first, medians of {READS}, then log-batches of 10 keys x 100 steps over 8 connections."
    )
    options = asked("Measures whether cost stays flat as points are stored.", ("giga",))
    options.peers = False
    return perform(Section("reads_growth", "Growth", intro, options), measure)


if __name__ == "__main__":
    sys.exit(main())
