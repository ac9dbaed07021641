"""GET /api/v1/runs: a page of runs, or a table of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from itertools import chain
from typing import Any, Literal

import msgspec
from starlette.responses import Response

from assay.core.scope import Verb
from assay.core.tracking import RunRecord, View
from assay.dialects.native import answers, columns
from assay.dialects.native.filters import PAGE_BOUND, RUNS, ExperimentId, Listing, begun, continued, orders, seen, where
from assay.dialects.native.table import Call, Route
from assay.dialects.native.tables import ARROW, CSV, PARQUET, chosen, table, text
from assay.dialects.native.tables import runs as rows
from assay.dialects.pages import page
from assay.dialects.rules import may
from assay.services.base import check_text
from assay.services.experiments import NAME_BOUND
from assay.services.records import Found
from assay.wire.errors import InvalidInput, NotFound, TooLarge

BATCH = 1_000  # runs of a batch of a table
TABLE_BOUND = 1_000_000  # runs of a table
PAGE = 100
SAVED = {"Content-Disposition": 'attachment; filename="runs.csv"'}


class Selection(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which runs: of these experiments (by name or id; all without), active, deleted or all."""

    experiment: list[str] = msgspec.field(default_factory=list)
    experiment_id: list[ExperimentId] = msgspec.field(default_factory=list)
    view: Literal["active", "deleted", "all"] = "active"


class RunQuery(Listing, forbid_unknown_fields=True, kw_only=True):
    """Which runs: of these experiments (by name or id; all without), active, deleted or all, that match the filter."""

    experiment: list[str] = msgspec.field(default_factory=list)
    experiment_id: list[ExperimentId] = msgspec.field(default_factory=list)
    view: Literal["active", "deleted", "all"] = "active"
    format: Literal["json", "arrow", "parquet", "csv"] | None = None
    column: list[str] = msgspec.field(default_factory=list)


class Runs(msgspec.Struct):
    """A page of runs."""

    runs: list[answers.Run]
    next_page_token: str | None


def experiment_ids(call: Call[Any, None]) -> list[int]:
    """The experiments that a selection of runs asks for. Raises NotFound."""
    experiments = call.services.experiments
    names = [check_text("experiment", name, NAME_BOUND) for name in call.query.experiment]
    named = [experiments.by_name(call.scope, name).id for name in names]
    numbered = [experiments.get(call.scope, id).id for id in call.query.experiment_id]
    if named or numbered:
        return list(dict.fromkeys(named + numbered))
    found = experiments.search(call.scope, view=seen(call.query.view), limit=PAGE_BOUND)
    return [item.id for item in found.items]


def runs(call: Call[RunQuery, None]) -> Response:
    """A page of runs as JSON, or all of them as Arrow, Parquet or CSV: by `format` or by Accept; a table by `column`.

    A table without a limit that would have too many rows is refused.
    """
    given = call.query
    form = chosen(call.request, given.format, ("json", "arrow", "parquet", "csv"))
    wanted = columns.parse(given.column)
    if form == "json" and wanted:
        raise InvalidInput("JSON has all of a run", field="column", remedy="ask for format=csv, arrow or parquet")
    if form == "csv" and not wanted:
        raise InvalidInput("A CSV has no columns", field="column", remedy="name some: column=name&column=metrics.loss")
    now, token = begun(given.page_token, call.house.now_us)
    search = partial(
        call.services.runs.found,
        call.scope,
        experiment_ids(call),
        view=View(given.view),
        where=where(given.filter, now, RUNS),
        order=orders(given.order_by, RUNS),
    )
    if form == "json":
        with search(limit=given.limit or PAGE, token=token) as found:
            return page("runs", map(answers.run, found.runs), {"next_page_token": continued(now, found.next_token)})
    pages = _pages(search, token, given.limit)
    if form == "csv":
        lines = (columns.lines(wanted, some) for some in pages)
        return text(chain([columns.head(wanted)], lines), SAVED)
    batches = (columns.batch(wanted, some) if wanted else rows(some) for some in pages)
    first = next(batches)
    return table(chain([first], batches), first.schema, form, {})


def _pages(
    search: Callable[..., AbstractContextManager[Found]], token: str | None, limit: int | None
) -> Iterator[list[RunRecord]]:
    """All that is found, page by page; there is one page at least. Raises TooLarge beyond the bound."""
    left = TABLE_BOUND if limit is None else limit
    while True:
        with search(limit=min(BATCH, left), token=token) as found:
            some = list(found.runs)
            token = found.next_token
        yield some
        left -= len(some)
        if token is None or (left <= 0 and limit is not None):
            return
        if left <= 0:
            raise TooLarge(
                f"More than {TABLE_BOUND} runs match", field="limit", bound=TABLE_BOUND, remedy="give a filter"
            )


READ = may(Verb.READ, "run")

TABLE = [
    Route(
        "GET",
        "runs",
        runs,
        READ,
        query=RunQuery,
        answer=Runs,
        also=(ARROW, PARQUET, CSV),
        errors=(NotFound, TooLarge),
    )
]
