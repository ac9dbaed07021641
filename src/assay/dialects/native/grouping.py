"""GET /api/v1/runs/groups: runs that have something in common, counted and measured over all of them."""

from __future__ import annotations

from typing import Annotated

import msgspec

from assay.core.grouping import Group, Tally
from assay.core.scope import Verb
from assay.core.search.ast import Attribute, Field, Metric
from assay.core.search.grammar import parse_order
from assay.core.tracking import View
from assay.dialects.native.filters import RUNS, where
from assay.dialects.native.listing import Selection, experiment_ids
from assay.dialects.native.statistics import Count
from assay.dialects.native.table import Call, Route
from assay.dialects.rules import may
from assay.services.base import check_text
from assay.services.grouping import BY_BOUND, GROUPS_BOUND, MEASURES_BOUND, UIDS_BOUND
from assay.wire.errors import InvalidInput, NotFound

SHOWN = 200  # characters of a value
FIELD_BOUND = 300


class GroupQuery(Selection, forbid_unknown_fields=True, kw_only=True):
    """Which runs, by which fields, and which metrics are measured: `metrics.loss`, `min(metrics.loss)`."""

    by: Annotated[list[str], msgspec.Meta(max_length=BY_BOUND)]
    measure: Annotated[list[str], msgspec.Meta(max_length=MEASURES_BOUND)] = msgspec.field(default_factory=list)
    filter: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=GROUPS_BOUND)] = 100
    ids: Annotated[int, msgspec.Meta(ge=0, le=UIDS_BOUND)] = 0


class GroupValue(msgspec.Struct):
    """What the runs of a group have in a field; null: they do not have it. Not whole: the text goes on."""

    value: str | None
    whole: bool


class Measure(msgspec.Struct):
    """A measure over a group: `runs` have it, `finite` of them a value, of which the rest speaks."""

    runs: int
    finite: int
    mean: float | None
    deviation: float | None
    min: float | None
    max: float | None


class RunGroup(msgspec.Struct):
    """Runs that have the same values, with the newest of their ids."""

    values: list[GroupValue]
    runs: int
    statuses: dict[str, int]
    last_us: int
    measures: list[Measure]
    ids: list[str]


class RunGroups(msgspec.Struct):
    """The largest groups, how many others there are, and over which runs they were counted."""

    groups: list[RunGroup]
    left_out: int
    over: Count


def field(name: str, text: str) -> Field:
    """A field of the grammar, or the experiment. Raises InvalidInput, which names the field of the query."""
    check_text(name, text, FIELD_BOUND)
    if text == "experiment":
        return Attribute("experiment_id")
    try:
        return parse_order(text).field
    except InvalidInput as error:
        raise InvalidInput(error.message, field=name, bound=error.bound, remedy=error.remedy) from None


def _metric(text: str) -> Metric:
    found = field("measure", text)
    if not isinstance(found, Metric):
        raise InvalidInput(
            f"{text!r} is no metric", field="measure", remedy="use metrics.KEY, min(metrics.KEY) or max(metrics.KEY)"
        )
    return found


def groups(call: Call[GroupQuery, None]) -> RunGroups:
    """Runs grouped by params, tags, status, user or experiment, with counts and measures over all of each group.

    Over the newest runs, as many as a second and a bound of 100,000 allow; the largest groups first.
    """
    given = call.query
    found = call.services.grouping.group(
        call.scope,
        experiment_ids(call),
        [field("by", text) for text in given.by],
        measures=list(map(_metric, given.measure)),
        view=View(given.view),
        where=where(given.filter, call.house.now_us(), RUNS),
        limit=given.limit,
        uids=given.ids,
    )
    return RunGroups(list(map(_told, found.groups)), found.left_out, Count(found.seen.runs, found.seen.complete))


def _told(group: Group) -> RunGroup:
    return RunGroup(
        [GroupValue(text and text[:SHOWN], text is None or len(text) <= SHOWN) for text in group.values],
        group.runs,
        dict(group.statuses),
        group.last_us,
        list(map(_measure, group.measures)),
        group.uids,
    )


def _measure(tally: Tally) -> Measure:
    mean = tally.mean if tally.finite else None
    return Measure(tally.runs, tally.finite, mean, tally.deviation, tally.min, tally.max)


TABLE = [
    Route("GET", "runs/groups", groups, may(Verb.READ, "run"), query=GroupQuery, answer=RunGroups, errors=(NotFound,))
]
