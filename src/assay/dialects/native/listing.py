"""GET /api/v1/runs: a page of runs."""

from __future__ import annotations

from typing import Literal

import msgspec

from assay.core.tracking import View
from assay.dialects.native import answers
from assay.dialects.native.filters import PAGE_BOUND, RUNS, Listing, begun, continued, orders, seen, where
from assay.dialects.native.table import Call, Route
from assay.services.base import check_text
from assay.services.experiments import NAME_BOUND
from assay.wire.errors import NotFound


class RunQuery(Listing, forbid_unknown_fields=True, kw_only=True):
    """Which runs: of these experiments (by name; all without), active, deleted or all, that match the filter."""

    experiment: list[str] = msgspec.field(default_factory=list)
    view: Literal["active", "deleted", "all"] = "active"


class Runs(msgspec.Struct):
    """A page of runs."""

    runs: list[answers.Run]
    next_page_token: str | None


def experiment_ids(call: Call[RunQuery, None]) -> list[int]:
    """The experiments that are asked for. Raises NotFound."""
    named = dict.fromkeys(call.query.experiment)
    if named:
        return [
            call.services.experiments.by_name(call.scope, check_text("experiment", n, NAME_BOUND)).id for n in named
        ]
    found = call.services.experiments.search(call.scope, view=seen(call.query.view), limit=PAGE_BOUND)
    return [item.id for item in found.items]


def runs(call: Call[RunQuery, None]) -> Runs:
    """A page of runs: `filter`, `order_by`, `experiment`, `view`, `limit`, `page_token`."""
    given = call.query
    now, token = begun(given.page_token, call.house.now_us)
    page = call.services.runs.search(
        call.scope,
        experiment_ids(call),
        view=View(given.view),
        where=where(given.filter, now, RUNS),
        order=orders(given.order_by, RUNS),
        limit=given.limit,
        token=token,
    )
    return Runs(list(map(answers.run, page.items)), continued(now, page.next_token))


TABLE = [Route("GET", "runs", runs, query=RunQuery, answer=Runs, errors=(NotFound,))]
