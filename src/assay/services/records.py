"""Runs with all they own, read beside a search and in its snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from assay.core.tracking import Experiment, Run, RunRecord
from assay.ports.aggregates import Links
from assay.ports.store import UnitOfWork

FIRST, FASTER, AT_ONCE = 100, 5, 500  # runs that are read together: what they own is in memory at the same time
ROWS = 50_000  # of params, tags and metrics that are read together, as far as the runs before tell
NOTHING = Links()


class Found(NamedTuple):
    """A page of runs. What they own is read as one goes through them, once; so is an experiment, in the same moment."""

    runs: Iterator[RunRecord]
    next_token: str | None
    experiment: Callable[[int], Experiment]


def records(unit: UnitOfWork, runs: Sequence[Run]) -> list[RunRecord]:
    """The runs with what they own, in the same order, a handful of queries however many they are."""
    owned, links = unit.owned.of_runs(runs), unit.lineage.links([run.id for run in runs])
    found = []
    for run in runs:
        of, mine = links.get(run.id, NOTHING), owned[run.id]
        found.append(
            RunRecord(
                run,
                mine.params,
                mine.tags,
                mine.metrics,
                of.datasets,
                of.models_used,
                of.models_made,
                mine.defaulted,
            )
        )
    return found


def each(unit: UnitOfWork, runs: Sequence[Run]) -> Iterator[RunRecord]:
    """The same for any number of runs, of which some are in memory at a time: fewer where each owns much."""
    at, size = 0, min(FIRST, AT_ONCE)
    while at < len(runs):
        some = records(unit, runs[at : at + size])
        yield from some
        at += len(some)
        owned = sum(len(record.params) + len(record.tags) + len(record.metrics) for record in some)
        size = max(1, min(AT_ONCE, FASTER * size, ROWS * len(some) // max(owned, 1)))
