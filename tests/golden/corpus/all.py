"""The whole script, in order."""

from __future__ import annotations

from golden.corpus import artifacts, experiments, logs, models, probes, runs, searches
from golden.corpus.script import Step

AREAS = (experiments, runs, logs, searches, models, artifacts, probes)


def script() -> list[Step]:
    """Every step; ids are unique."""
    steps = [step for area in AREAS for step in area.steps()]
    steps += experiments.accepted_by_stock_alone()
    ids = [step.id for step in steps]
    twice = {id for id in ids if ids.count(id) > 1}
    assert not twice, f"two steps are called {sorted(twice)}"
    return steps
