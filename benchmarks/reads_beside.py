"""Readers beside ingest: half of what ours takes at most, with and without one who loops over 1 M-point histories."""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass, field

import load
import paced
import reads_paths as paths
import reads_points
from reads import Row, Section, asked, perform
from reads_points import KEY
from run import Contender, say
from targets import Target

POINTS = 1_000  # of a batch
CONNECTIONS = 8
RATE, P99 = 0.98, 3.0  # of what is accepted without a reader; times its p99


@dataclass(frozen=True)
class Length:
    """How long, and how much."""

    window_s: float
    rounds: int
    points: int  # of the history


FULL, QUICK = Length(30.0, 3, 1_000_000), Length(4.0, 1, 100_000)


@dataclass
class Windows:
    """What was found with one kind of reader, or none."""

    ingest: list[paced.Paced] = field(default_factory=list)
    reader: list[paced.Paced] = field(default_factory=list)

    @property
    def per_s(self) -> float:
        """Batches accepted a second."""
        return statistics.median(one.per_s for one in self.ingest)

    @property
    def p99_ms(self) -> float:
        """The median of the windows."""
        return statistics.median(one.p99_ms for one in self.ingest)


def measure(section: Section, everybody: list[Contender]) -> None:
    """Ours on each store."""
    length = QUICK if section.options.quick else FULL
    words = (
        f"Log-batches of {POINTS:,} points over {CONNECTIONS} connections, offered at half of what was accepted at "
        f"most; {length.rounds} windows of {length.window_s:g} s of each in turn, medians. A batch's time runs from "
        "when it was due."
    )
    header = ("server", "reader", "accepted", "p50", "p99", "refused", "reads a second", "a read, p50")
    rows = section.rows(words, *header)
    for contender in everybody:
        if not contender.name.startswith("assay"):
            continue
        with section.attempt(contender.name):
            target = Target.begin(contender.make())
            try:
                _one(section, rows, target, length)
            finally:
                target.stop()


def _one(section: Section, rows: list[Row], target: Target, length: Length) -> None:
    uid = reads_points.logged(target, 1, 1, 10_000, length.points // 10_000)[0]
    reads_points.settle(target)
    url, name = target.url, target.kind.name
    most = load.outcome(load.start(url, "batch", CONNECTIONS, warm_s=2.0, window_s=length.window_s, windows=1)).median
    say(f"{name}: at most {most:,.0f} points/s")
    readers = {
        "none": "",
        f"native history of {length.points:,} points": paths.history(uid, KEY, "points"),
        f"get-history of {length.points:,} points": paths.mlflow_history(uid, KEY),
    }
    found = {reader: Windows() for reader in readers}
    for _ in range(length.rounds):
        for reader, path in readers.items():
            say(f"{name}: reader {reader}")
            reading = paced.start(url, "gets", 1, 0, length.window_s, paths=[path]) if path else None
            ingest = paced.start(url, "batch", CONNECTIONS, most / POINTS / 2, length.window_s)
            found[reader].ingest.append(paced.outcome(ingest))
            if reading is not None:
                found[reader].reader.append(paced.outcome(reading))
            say(f"    {found[reader].ingest[-1]}")
    for reader, windows in found.items():
        p50 = statistics.median(one.p50_ms for one in windows.ingest)
        refused = sum(one.refused for one in windows.ingest)
        reads = ["", ""]
        if windows.reader:
            reads_per_s = statistics.median(one.per_s for one in windows.reader)
            reads = [f"{reads_per_s:.1f}", f"{statistics.median(one.p50_ms for one in windows.reader):,.0f} ms"]
        accepted = f"{windows.per_s * POINTS:,.0f} points/s"
        cells = (accepted, f"{p50:.2f} ms", f"{windows.p99_ms:.2f} ms", f"{refused:,}")
        rows.append((name, reader, *cells, *reads))
    alone = found.pop("none")
    for reader, windows in found.items():
        share, ratio = windows.per_s / alone.per_s, windows.p99_ms / alone.p99_ms
        what = f"ingest at half load beside a reader ({reader}), {name}"
        section.bar(f"{what}: accepted", f"{share:.3f} of that without", "unchanged (≥ 0.98)", met=share >= RATE)
        beside = f"{alone.p99_ms:.2f} ms without, {windows.p99_ms:.2f} ms with"
        section.bar(f"{what}: p99", f"x {ratio:.2f}", f"≤ {P99:g} x", met=ratio <= P99, beside=beside)


def main() -> int:
    """Measures, and writes the section."""
    intro = "Load, reader and server share the machine."
    options = asked("Measures ingest beside a reader of long histories.")
    options.peers = False
    return perform(Section("reads_beside", "Ingest beside a reader", intro, options), measure)


if __name__ == "__main__":
    sys.exit(main())
