"""Logged models of /api/v1."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import msgspec

from assay.core.scope import Verb
from assay.core.tracking import LoggedModel, ModelStatus, View
from assay.dialects.native import answers
from assay.dialects.native.filters import MODELS, PAGE_BOUND, Listing, begun, continued, orders, where
from assay.dialects.native.identity import KEY_HEADER, derived
from assay.dialects.native.runs import Done, experiment_id
from assay.dialects.native.table import Call, Made, NoQuery, Route
from assay.dialects.rules import may
from assay.services.base import check_text
from assay.services.experiments import NAME_BOUND
from assay.services.models import KEY_BOUND, TAG_BOUND, VALUE_BOUND
from assay.wire.errors import AlreadyExists, Conflict, InvalidInput, NotActive, NotFound, ParamChanged

UID = re.compile(r"m-[0-9a-f]{32}\Z")
MESSAGE_BOUND = 8_000
PAGE = 100


class NewModel(msgspec.Struct, forbid_unknown_fields=True):
    """A model to make, pending until its files are there. With an `id`, doing so twice is doing so once."""

    name: str = ""
    id: str | None = None
    experiment: str | None = None  # that of the run, without
    run: str | None = None
    type: str = ""
    status: ModelStatus = ModelStatus.PENDING
    params: dict[str, str] = {}
    tags: dict[str, str] = {}


class ModelChange(msgspec.Struct, forbid_unknown_fields=True):
    """What changes of a model; what is absent stays, and a tag that is null is taken away."""

    status: ModelStatus | None = None
    status_message: str | None = None
    tags: dict[str, str | None] = {}
    params: dict[str, str] = {}


class ModelQuery(Listing, forbid_unknown_fields=True, kw_only=True):
    """Which models: of these experiments (by name; all without) that match the filter."""

    experiment: list[str] = msgspec.field(default_factory=list)


class Models(msgspec.Struct):
    """A page of models."""

    models: list[answers.Model]
    next_page_token: str | None


def make(call: Call[NoQuery, NewModel]) -> Made:
    """Makes a logged model, once for an `id` or an `Idempotency-Key` however often it is asked."""
    given, services, scope = call.body, call.services, call.scope
    if given.id is not None and not UID.match(given.id):
        raise InvalidInput(
            f"{given.id[:100]!r} is no model id", field="id", remedy="send m- and 32 hex digits, or no id"
        )
    key = derived(call.request, scope, "model")
    uid = given.id or (key and f"m-{key}")
    run = None if given.run is None else services.runs.head(scope, check_text("run", given.run, KEY_BOUND))
    if given.experiment is None and run is not None:
        of = run.experiment_id
    else:
        of = experiment_id(services, scope, given.experiment or "Default")
    try:
        model, new = (
            services.models.create(
                scope,
                of,
                name=given.name or call.house.new_name(),
                run_uid=given.run,
                model_type=given.type,
                params=given.params,
                tags=given.tags,
                uid=uid,
            ),
            True,
        )
    except AlreadyExists:
        if uid is None:
            raise
        model, new = _same(call, uid, of), False
    if given.status is not ModelStatus.PENDING and model.status is ModelStatus.PENDING:
        services.models.finish(scope, model.uid, given.status)
    return Made(answers.model(services.models.get(scope, model.uid)), new)


def _same(call: Call[NoQuery, NewModel], uid: str, experiment_id: int) -> LoggedModel:
    """The model that is there. Raises Conflict where it is another than the one that is asked for."""
    with suppress(NotFound):  # it is deleted
        model = call.services.models.get(call.scope, uid)
        if model.experiment_id == experiment_id and call.body.name in ("", model.name):
            return model
    raise Conflict(
        f"Another model, or a deleted one, has the id {uid}",
        field="id" if call.body.id else KEY_HEADER,
        remedy="send another",
    )


def models(call: Call[ModelQuery, None]) -> Models:
    """A page of logged models, newest first unless ordered otherwise."""
    given, services, scope = call.query, call.services, call.scope
    now, token = begun(given.page_token, call.house.now_us)
    if given.experiment:
        ids = [
            services.experiments.by_name(scope, check_text("experiment", n, NAME_BOUND)).id for n in given.experiment
        ]
    else:
        ids = [item.id for item in services.experiments.search(scope, view=View.ALL, limit=PAGE_BOUND).items]
    page = services.models.search(
        scope,
        ids,
        where=where(given.filter, now, MODELS),
        order=orders(given.order_by, MODELS),
        limit=given.limit or PAGE,
        token=token,
    )
    return Models(list(map(answers.model, page.items)), continued(now, page.next_token))


def one(call: Call[NoQuery, Any]) -> answers.Model:
    """A logged model with all it has."""
    return answers.model(call.services.models.get(call.scope, call.id))


def change(call: Call[NoQuery, ModelChange]) -> answers.Model:
    """Changes what is sent of a logged model; params never change."""
    given, models, scope = call.body, call.services.models, call.scope
    check_text("status_message", given.status_message or "", MESSAGE_BOUND, blank=True)
    for pairs, bound in ((given.params, VALUE_BOUND), (given.tags, TAG_BOUND)):
        for key, value in pairs.items():
            check_text("key", key, KEY_BOUND)
            check_text("value", value or "", bound, blank=True)
    before = models.get(scope, call.id)
    if given.params:
        models.log_params(scope, call.id, given.params)
    if sets := {key: value for key, value in given.tags.items() if value is not None}:
        models.set_tags(scope, call.id, sets)
    for key in given.tags.keys() - sets.keys():
        with suppress(NotFound):  # it is gone
            models.delete_tag(scope, call.id, key)
    if given.status is not None or given.status_message is not None:
        models.finish(scope, call.id, given.status or before.status, given.status_message)
    return one(call)


def delete(call: Call[NoQuery, None]) -> Done:
    """Deletes a logged model until it is purged; doing so twice is refused, since it cannot be seen any more."""
    call.services.models.delete(call.scope, call.id)
    return Done()


READ, WRITE, DELETE = may(Verb.READ, "model"), may(Verb.WRITE, "model"), may(Verb.DELETE, "model")

TABLE = [
    Route(
        "POST",
        "models",
        make,
        WRITE,
        body=NewModel,
        answer=answers.Model,
        makes=True,
        errors=(NotActive, NotFound, Conflict),
        headers=((KEY_HEADER, "Stands for the id: who sends the same key again is answered with the same model."),),
    ),
    Route("GET", "models", models, READ, query=ModelQuery, answer=Models, errors=(NotFound,)),
    Route("GET", "models/{id}", one, READ, answer=answers.Model),
    Route("PATCH", "models/{id}", change, WRITE, body=ModelChange, answer=answers.Model, errors=(ParamChanged,)),
    Route("DELETE", "models/{id}", delete, DELETE, answer=Done),
]
