"""What runs log that is no number (media, tables, histograms, texts), and points of models, below /api/v1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from assay.core.scope import Verb
from assay.core.tracking import Logged, LoggedValue, ModelPoint, Writer
from assay.dialects.native.filters import tokens
from assay.dialects.native.ingest import Next, Noted, Sending
from assay.dialects.native.table import Call, NoQuery, Route
from assay.dialects.rules import may
from assay.services.base import check_text
from assay.services.history import VALUES_BOUND
from assay.services.runs import KEY_BOUND
from assay.wire.errors import Conflict, InvalidInput, NotActive, SequenceGap, TooLarge

BODY_BOUND = 16 << 20
DOCUMENT_BOUND = 1 << 20  # bytes
COUNT_BOUND = 10_000
CONTEXT_BOUND = 20  # texts
TEXT_BOUND = 500  # characters of each
NO_ROW = -1
Int = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Time = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Value(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A value at a step: its kind (image, table, histogram, text ...) and any JSON that describes it."""

    key: str
    step: Int
    time_us: Time
    kind: str
    document: msgspec.Raw
    context: dict[str, str] | None = None
    row: Annotated[int, msgspec.Meta(ge=NO_ROW, le=2**63 - 1)] = NO_ROW


class PointOfModel(msgspec.Struct, forbid_unknown_fields=True):
    """A point measured for a logged model within a run, on a dataset where one is named."""

    model: str
    key: str
    value: float | Literal["NaN", "Infinity", "-Infinity"]
    step: Int
    time_us: Time
    dataset_name: str | None = None
    dataset_digest: str | None = None


Values = Annotated[list[Value], msgspec.Meta(max_length=COUNT_BOUND)]
PointsOfModels = Annotated[list[PointOfModel], msgspec.Meta(max_length=COUNT_BOUND)]


def logged(given: Value) -> LoggedValue:
    """The value as the services take it. Raises InvalidInput."""
    check_text("key", given.key, KEY_BOUND)
    check_text("kind", given.kind, KEY_BOUND)
    document = bytes(given.document)
    if len(document) > DOCUMENT_BOUND:
        raise InvalidInput(
            f"A document has {len(document)} bytes", field="document", bound=DOCUMENT_BOUND, remedy="put it in a file"
        )
    try:
        text = document.decode()
    except UnicodeDecodeError:
        raise InvalidInput("A document is not valid UTF-8", field="document", remedy="send valid UTF-8") from None
    context = None if given.context is None else check_context(given.context)
    return LoggedValue(given.key, given.step, given.row, given.time_us, given.kind, text, context)


def check_context(context: Mapping[str, str]) -> Mapping[str, str]:
    """The context, which something can be measured in. Raises InvalidInput."""
    if not 1 <= len(context) <= CONTEXT_BOUND:
        raise InvalidInput(
            f"A context has {len(context)} texts", field="context", bound=CONTEXT_BOUND, remedy="send 1 to 20, or null"
        )
    for name, value in context.items():
        check_text("context", name, TEXT_BOUND)
        check_text("context", value, TEXT_BOUND, blank=True)
    return context


def log(call: Call[Sending, list[Value]]) -> Next:
    """Keeps values of a run, each of them one of its writer's numbers: what was sent before is passed over."""
    given = call.query
    check_text("writer", given.writer, KEY_BOUND)
    check_text("stream", given.stream, KEY_BOUND)
    sender = Writer(given.writer, given.stream, given.epoch, given.first)
    values = list(map(logged, call.body))
    said = Logged(call.id, logged_values=values, writer=sender, rest_count=len(values))
    call.services.runs.log(call.scope, said).result()
    return Next(given.first + len(values))


class ValueQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which values: a page of those of a key, or of all; from one step to another, both counted."""

    key: str | None = None
    first_step: Int = -(2**63)
    last_step: Int = 2**63 - 1
    limit: Annotated[int, msgspec.Meta(ge=1, le=VALUES_BOUND)] = 1_000
    page_token: str | None = None


class FoundValues(msgspec.Struct):
    """Values by key and context, then by step and row."""

    values: list[Value]
    next_page_token: str | None


class KindOfKey(msgspec.Struct):
    """Values of one kind under a key, in a context or in none: how many, and at steps from which to which."""

    key: str
    context: dict[str, str] | None
    kind: str
    count: int
    first_step: int
    last_step: int


class KeysOfValues(msgspec.Struct):
    """What kinds of values a run has under which keys."""

    keys: list[KindOfKey]


class StepQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which steps: of values under this key, from one on."""

    key: str
    first_step: Int = -(2**63)
    limit: Annotated[int, msgspec.Meta(ge=1, le=VALUES_BOUND)] = VALUES_BOUND


class Steps(msgspec.Struct):
    """Steps in order, and the `first_step` of those that follow."""

    steps: list[int]
    next_step: int | None


def keys(call: Call[NoQuery, None]) -> KeysOfValues:
    """What kinds of values a run has under which keys, by key."""
    found = call.services.history.value_keys(call.scope, call.id)
    return KeysOfValues(
        [
            KindOfKey(
                item.key,
                None if item.context is None else dict(item.context),
                item.kind,
                item.count,
                item.first_step,
                item.last_step,
            )
            for item in found
        ]
    )


def steps(call: Call[StepQuery, None]) -> Steps:
    """The steps at which a run has values under a key, in order: what a slider runs along."""
    given = call.query
    key = check_text("key", given.key, KEY_BOUND)
    return Steps(*call.services.history.value_steps(call.scope, call.id, key, low=given.first_step, limit=given.limit))


def found(value: LoggedValue) -> Value:
    """The value as JSON."""
    context = None if value.context is None else dict(value.context)
    document = msgspec.Raw(value.document.encode())
    return Value(value.key, value.step, value.time_us, value.kind, document, context, value.row)


def values(call: Call[ValueQuery, None]) -> FoundValues:
    """A page of what a run logged that is no number, of one key and from step to step if they are given."""
    given = call.query
    with tokens():
        page = call.services.history.values(
            call.scope,
            call.id,
            given.key,
            steps=(given.first_step, given.last_step),
            after=given.page_token,
            limit=given.limit,
        )
    return FoundValues(list(map(found, page.items)), page.next_token)


def log_of_models(call: Call[NoQuery, list[PointOfModel]]) -> Noted:
    """Keeps points that a run measured for logged models; a point that is sent again is the same point."""
    points = [
        ModelPoint(
            item.model,
            check_text("key", item.key, KEY_BOUND),
            float(item.value),
            item.step,
            item.time_us,
            item.dataset_name and check_text("dataset_name", item.dataset_name, TEXT_BOUND),
            item.dataset_digest and check_text("dataset_digest", item.dataset_digest, TEXT_BOUND),
        )
        for item in call.body
    ]
    for item in call.body:
        check_text("model", item.model, KEY_BOUND)
    call.services.runs.log(call.scope, Logged(call.id, model_points=points)).result()
    return Noted()


READ, WRITE = may(Verb.READ, "run"), may(Verb.WRITE, "run")

TABLE = [
    Route(
        "POST",
        "runs/{id}/values",
        log,
        WRITE,
        query=Sending,
        body=Values,
        bound=BODY_BOUND,
        answer=Next,
        errors=(NotActive, SequenceGap, Conflict, TooLarge),
    ),
    Route("GET", "runs/{id}/values", values, READ, query=ValueQuery, answer=FoundValues),
    Route("GET", "runs/{id}/values/keys", keys, READ, answer=KeysOfValues),
    Route("GET", "runs/{id}/values/steps", steps, READ, query=StepQuery, answer=Steps),
    Route(
        "POST",
        "runs/{id}/model-points",
        log_of_models,
        WRITE,
        body=PointsOfModels,
        bound=BODY_BOUND,
        answer=Noted,
        errors=(NotActive,),
    ),
]
