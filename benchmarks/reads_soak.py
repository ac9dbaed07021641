"""A soak: ingest at half of its most, live series, searches and files at once; memory, errors, p99 of each route."""

from __future__ import annotations

import os
import statistics
import sys
import time
from dataclasses import dataclass
from subprocess import Popen

import load
import paced
from asking import Asker
from files import folder_of
from reads import Section, asked, perform
from reads_paths import MLFLOW
from run import Contender, say
from targets import Target

POINTS = 1_000
CONNECTIONS = 8
SHORT_RUN = 500  # batches of the runs that end
FILE = 256 << 10  # bytes
SLACK = 1.25
LIVE_PER_S = 0.5  # five open pages that look every ten seconds; what they ask for is millions of points
EVERY_S = 5.0


@dataclass(frozen=True)
class Length:
    """How long."""

    most_s: float  # the window in which the most is found
    seconds: float


FULL, QUICK = Length(20.0, 600.0), Length(4.0, 30.0)
SEARCH = {
    "experiment_ids": ["0"],
    "max_results": 100,
    "filter": "metrics.`train/metric_000` > 0",
    "order_by": ["metrics.`train/metric_001` DESC"],
}


def measure(section: Section, everybody: list[Contender]) -> None:
    """Ours on each store."""
    length = QUICK if section.options.quick else FULL
    header = ("server", "route", "asked for", "answered", "p50", "p99", "most", "refused")
    routes = section.rows(f"{length.seconds:g} s, everything at once:", *header)
    memory = section.rows(
        "Resident memory with shared pages counted once, medians of each fifth of the time:",
        *("server", "1st", "2nd", "3rd", "4th", "5th"),
    )
    for contender in everybody:
        if not contender.name.startswith("assay"):
            continue
        with section.attempt(contender.name):
            target = Target.begin(contender.make())
            try:
                found, samples = soak(target, length)
            finally:
                target.stop()
            name = target.kind.name
            for route, one in found.items():
                cells = (f"{one.offered / one.seconds:,.1f}/s", f"{one.per_s:,.1f}/s", f"{one.p50_ms:,.1f} ms")
                rest = (f"{one.p99_ms:,.1f} ms", f"{one.most_ms:,.0f} ms", f"{one.refused:,}")
                routes.append((name, route, *cells, *rest))
            medians = fifths(samples)
            memory.append((name, *(f"{value:,.0f} MB" for value in medians)))
            refused = {route: one.refusal for route, one in found.items() if one.refused}
            for route, refusal in refused.items():
                section.failures.append(f"{name}, {route}: {refusal[:200]!r}")
            what = f"{length.seconds:g} s at half load, {name}"
            count = sum(one.refused for one in found.values())
            section.bar(f"{what}: errors", f"{count:,}", "none", met=not count)
            ours = " → ".join(f"{value:,.0f}" for value in medians) + " MB"
            flat = medians[-1] <= SLACK * max(medians[1], medians[2])
            section.bar(f"{what}: memory", ours, "no growth after the first fifth", met=flat)
            ingest = found["log-batch"]
            share = ingest.answered / ingest.offered
            section.bar(f"{what}: log-batches taken of those offered", f"{share:.3f}", "≥ 0.98", met=share >= 0.98)


def fifths(samples: list[tuple[float, float]]) -> list[float]:
    """Medians of each fifth of the time."""
    length = samples[-1][0] / 5
    found: list[list[float]] = [[] for _ in range(5)]
    for at_s, value in samples:
        found[min(int(at_s / length), 4)].append(value)
    return [statistics.median(values) if values else float("nan") for values in found]


def soak(target: Target, length: Length) -> tuple[dict[str, paced.Paced], list[tuple[float, float]]]:
    """What became of each route's requests, and (second, megabytes) of the server's memory."""
    url, seconds = target.url, length.seconds
    most = load.outcome(load.start(url, "batch", CONNECTIONS, warm_s=2.0, window_s=length.most_s, windows=1)).median
    say(f"{target.kind.name}: at most {most:,.0f} points/s; now half of it, with readers")
    folder = folder_of(target)
    down = f"{folder}/down.bin"
    asker = Asker(url)
    asker.ask("PUT", down, os.urandom(FILE), {"Content-Type": "application/octet-stream"})
    asker.close()
    began = time.perf_counter()
    loads: dict[str, Popen[str]] = {
        "log-batch": paced.start(url, "batch", CONNECTIONS, most / POINTS / 2, seconds, short_runs=SHORT_RUN),
        "series of 8 live runs x 10 keys to 1,000 buckets": paced.start(url, "live", 2, LIVE_PER_S, seconds, runs=8),
        "runs/search, a page of 100": paced.start(
            url, "posts", 2, 4.0, seconds, path=f"{MLFLOW}runs/search", body=SEARCH
        ),
        f"files of {FILE >> 10} KiB up": paced.start(url, "upload", 2, 4.0, seconds, folder=f"{folder}/up", size=FILE),
        f"files of {FILE >> 10} KiB down": paced.start(url, "gets", 2, 4.0, seconds, paths=[down]),
    }
    samples = []
    while any(process.poll() is None for process in loads.values()) and time.perf_counter() - began < seconds:
        time.sleep(min(EVERY_S, seconds / 30))
        samples.append((time.perf_counter() - began, target.memory_mb()[1]))
    return {route: paced.outcome(process) for route, process in loads.items()}, samples


def main() -> int:
    """Measures, and writes the section."""
    intro = (
        "Log-batches of 10 keys x 100 steps at half of what the server had just taken at most, of which every other "
        f"connection ends its run after {SHORT_RUN} and begins another; a request's time runs from when it was due."
    )
    options = asked("Soaks ours at half load.")
    options.peers = False
    return perform(Section("reads_soak", "A soak at half load", intro, options), measure)


if __name__ == "__main__":
    sys.exit(main())
