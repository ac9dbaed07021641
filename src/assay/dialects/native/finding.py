"""GET /api/v1/search: whatever has a few letters in its name."""

from __future__ import annotations

from typing import Annotated

import msgspec

from assay.core.scope import Verb
from assay.core.statistics import KeyKind
from assay.dialects.native import answers
from assay.dialects.native.table import Call, Route
from assay.dialects.rules import may
from assay.services.finding import EACH_BOUND


class FindQuery(msgspec.Struct, forbid_unknown_fields=True):
    """What is looked for, and how many of each kind."""

    text: str
    limit: Annotated[int, msgspec.Meta(ge=1, le=EACH_BOUND)] = 10


class FoundRun(msgspec.Struct):
    """A run that was found."""

    id: str
    name: str
    experiment_id: int
    status: answers.State
    start_us: int | None


class FoundExperiment(msgspec.Struct):
    """An experiment that was found."""

    id: int
    name: str


class FoundKey(msgspec.Struct):
    """A key that was found."""

    kind: KeyKind
    key: str


class FoundView(msgspec.Struct):
    """A saved view that was found."""

    id: str
    kind: str
    experiment_id: int | None
    name: str


class Findings(msgspec.Struct):
    """What was found."""

    runs: list[FoundRun]
    experiments: list[FoundExperiment]
    keys: list[FoundKey]
    views: list[FoundView]


def find(call: Call[FindQuery, None]) -> Findings:
    """Runs by name or the beginning of their id, and experiments, keys and saved views by name; the case is ignored."""
    found = call.services.finding.find(call.scope, call.query.text, call.query.limit)
    return Findings(
        [
            FoundRun(run.uid, run.name, run.experiment_id, "lost" if run.lost else run.status.value, run.start_us)
            for run in found.runs
        ],
        [FoundExperiment(item.id, item.name) for item in found.experiments],
        [FoundKey(kind, key) for kind, key in found.keys],
        [FoundView(view.uid, view.kind, view.experiment_id, view.name) for view in found.views],
    )


TABLE = [Route("GET", "search", find, may(Verb.READ, "run"), query=FindQuery, answer=Findings)]
