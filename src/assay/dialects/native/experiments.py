"""Experiments of /api/v1."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Literal

import msgspec

from assay.core.scope import Scope, Verb
from assay.core.tracking import Lifecycle, View
from assay.dialects.native import answers
from assay.dialects.native.filters import EXPERIMENTS, Listing, begun, continued, orders, where
from assay.dialects.native.table import Call, Made, NoQuery, Route
from assay.dialects.rules import may
from assay.services.base import check_text
from assay.services.experiments import NAME_BOUND, TAG_KEY_BOUND, TAG_VALUE_BOUND
from assay.services.house import Services
from assay.services.statistics import DAYS_BOUND
from assay.wire.errors import AlreadyExists, InvalidState, NotFound

PAGE = 1_000


class ExperimentQuery(Listing, forbid_unknown_fields=True, kw_only=True):
    """Which experiments: active (also archived ones), deleted or all, that match the filter."""

    view: Literal["active", "deleted", "all"] = "active"
    activity: Annotated[int, msgspec.Meta(ge=1, le=DAYS_BOUND)] | None = None  # days


class Activity(msgspec.Struct):
    """Runs that are not deleted: how many, how many run or are lost, and how many began in each of the last days.

    A day is 24 hours, the last of them ends now; the oldest comes first. `last_us`: when the newest run began.
    """

    runs: int
    running: int
    lost: int
    last_us: int | None
    by_day: list[int]


class ListedExperiment(answers.Experiment):
    """An experiment, and what goes on in it where that is asked for."""

    activity: Activity | None = None


class Experiments(msgspec.Struct):
    """A page of experiments."""

    experiments: list[ListedExperiment]
    next_page_token: str | None


class NewExperiment(msgspec.Struct, forbid_unknown_fields=True):
    """An experiment to make."""

    name: str
    tags: dict[str, str] = {}


class ExperimentChange(msgspec.Struct, forbid_unknown_fields=True):
    """What changes of an experiment; what is absent stays, and a tag that is null is taken away."""

    name: str | None = None
    tags: dict[str, str | None] = {}
    lifecycle: Lifecycle | None = None


def experiments(call: Call[ExperimentQuery, None]) -> Experiments:
    """A page of experiments, newest first unless ordered otherwise; with `activity`, their runs of so many days."""
    given = call.query
    now, token = begun(given.page_token, call.house.now_us)
    page = call.services.experiments.search(
        call.scope,
        view=View(given.view),
        where=where(given.filter, now, EXPERIMENTS),
        order=orders(given.order_by, EXPERIMENTS),
        limit=given.limit or PAGE,
        token=token,
    )
    found = [ListedExperiment(**msgspec.structs.asdict(answers.experiment(item))) for item in page.items]
    if given.activity is not None:
        days = given.activity
        active = call.services.statistics.activity(call.scope, [item.id for item in found], now, days)
        for item in found:
            of = active.get(item.id)
            item.activity = (
                Activity(0, 0, 0, None, [0] * days)
                if of is None
                else Activity(of.runs, of.running, of.lost, of.last_us, list(of.begun))
            )
    return Experiments(found, continued(now, page.next_token))


def make(call: Call[NoQuery, NewExperiment]) -> Made:
    """Makes an experiment; a name that is taken is refused."""
    return Made(answers.experiment(call.services.experiments.create(call.scope, call.body.name, tags=call.body.tags)))


def one(call: Call[NoQuery, None]) -> answers.Experiment:
    """An experiment by its number, deleted or not."""
    return answers.experiment(call.services.experiments.get(call.scope, call.number))


def change(call: Call[NoQuery, ExperimentChange]) -> answers.Experiment:
    """Changes name, tags or lifecycle of an experiment. Its runs are deleted and restored with it."""
    given, services, scope, id = call.body, call.services, call.scope, call.number
    for key, value in given.tags.items():
        check_text("tag key", key, TAG_KEY_BOUND)
        check_text("tag value", value or "", TAG_VALUE_BOUND, blank=True)
    if given.name is not None:
        _check_free(services, scope, id, check_text("name", given.name, NAME_BOUND))
    if given.lifecycle is not None and given.lifecycle is not Lifecycle.DELETED:
        _bring(services, scope, id, given.lifecycle)
    if given.name is not None:
        services.experiments.rename(scope, id, given.name)
    if sets := {key: value for key, value in given.tags.items() if value is not None}:
        services.experiments.set_tags(scope, id, sets)
    for key, value in given.tags.items():
        if value is None:
            services.experiments.get(scope, id)
            with suppress(NotFound):  # it is gone
                services.experiments.delete_tag(scope, id, key)
    if given.lifecycle is Lifecycle.DELETED:
        _bring(services, scope, id, given.lifecycle)
    return answers.experiment(services.experiments.get(scope, id))


def _check_free(services: Services, scope: Scope, id: int, name: str) -> None:
    """Raises AlreadyExists before anything is changed, where another experiment has the name."""
    with suppress(NotFound):
        if services.experiments.by_name(scope, name).id != id:
            raise AlreadyExists(f"Experiment {name!r} exists", field="name", remedy="choose another name")


def _bring(services: Services, scope: Scope, id: int, lifecycle: Lifecycle) -> None:
    """The experiment has this lifecycle; nothing happens if it had it before."""
    before = services.experiments.get(scope, id).lifecycle
    if before is lifecycle:
        return
    if lifecycle is Lifecycle.DELETED:
        services.experiments.delete(scope, id)
        return
    if before is Lifecycle.DELETED:
        services.experiments.restore(scope, id)
    if lifecycle is Lifecycle.ARCHIVED or before is Lifecycle.ARCHIVED:
        services.experiments.set_archived(scope, id, archived=lifecycle is Lifecycle.ARCHIVED)


def delete(call: Call[NoQuery, None]) -> answers.Experiment:
    """Deletes an experiment and its runs until restored or purged; doing so twice is fine."""
    _bring(call.services, call.scope, call.number, Lifecycle.DELETED)
    return one(call)


READ, WRITE, DELETE = may(Verb.READ, "experiment"), may(Verb.WRITE, "experiment"), may(Verb.DELETE, "experiment")

TABLE = [
    Route("GET", "experiments", experiments, READ, query=ExperimentQuery, answer=Experiments),
    Route(
        "POST",
        "experiments",
        make,
        WRITE,
        body=NewExperiment,
        answer=answers.Experiment,
        makes=True,
        errors=(AlreadyExists,),
    ),
    Route("GET", "experiments/{id}", one, READ, answer=answers.Experiment),
    Route(
        "PATCH",
        "experiments/{id}",
        change,
        WRITE,
        body=ExperimentChange,
        answer=answers.Experiment,
        errors=(AlreadyExists, InvalidState),
    ),
    Route("DELETE", "experiments/{id}", delete, DELETE, answer=answers.Experiment),
]
