"""POST /api/v1/runs/{id}/points and /writers: what a run logs, numbered by who sends it, each thing once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Annotated

import msgspec
import numpy as np
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from assay.core.points.columns import Ints
from assay.core.scope import Verb
from assay.core.tracking import Logged, Progress, Writer
from assay.dialects.native.calls import Endpoint, answer, check_type, integer, read, text
from assay.dialects.native.table import Call, NoQuery, Route
from assay.dialects.rules import may, scope_of
from assay.services.base import check_text
from assay.services.house import Services
from assay.services.runs import KEY_BOUND
from assay.services.waiting import ended
from assay.wire.errors import Conflict, InvalidInput, NotActive, SequenceGap, TooLarge
from assay.wire.points import MEDIA_TYPE, PointColumns, unpack

BODY_BOUND = 64 << 20
AT_ONCE = 256 << 10  # bytes that are read faster than a thread is asked
CONTEXT_BOUND = 2_000  # characters of a context's JSON
POINTS = "points"  # the stream of a run's metrics


class Opened(msgspec.Struct, forbid_unknown_fields=True):
    """Who begins to send: a name of his own, and whether he says now and then that he lives."""

    name: str
    stream: str = POINTS
    heartbeats: bool = True


class Alive(msgspec.Struct, forbid_unknown_fields=True):
    """Who lives."""

    name: str


class Sending(msgspec.Struct, forbid_unknown_fields=True):
    """Who sends, and the number of the first thing that is sent."""

    writer: str
    first: Annotated[int, msgspec.Meta(ge=0, le=10**18 - 1)]
    stream: str = POINTS
    epoch: Annotated[int, msgspec.Meta(ge=0, le=10**18 - 1)] = 0


class Next(msgspec.Struct):
    """The number of the writer's next thing."""

    next: int


class Sender(msgspec.Struct):
    """How far a writer got in a stream."""

    name: str
    stream: str
    epoch: int
    next: int


class Noted(msgspec.Struct):
    """It is noted."""


def progress(found: Progress) -> Sender:
    """How far a writer got, as JSON."""
    return Sender(found.name, found.stream, found.epoch, found.next_seq)


def logged(run_uid: str, columns: PointColumns, writer: Writer | None) -> Logged:
    """The points of a body as the services take them.

    Raises:
        InvalidInput: A key, context, time or position is out of bounds.
    """
    for name in columns.keys:
        check_text("key", name, KEY_BOUND)
    key = _positions("key", columns.key, len(columns.keys))
    times_us = np.frombuffer(columns.time_us, "<i8")
    if columns.n and times_us.min() < 0:
        raise InvalidInput("A time lies before 1970", field="time_us", bound=0, remedy="send microseconds since 1970")
    contexts: list[Mapping[str, str] | None] = []
    if columns.context is not None:
        known = [None, *map(_context, columns.contexts)]
        contexts = [known[at] for at in _positions("context", columns.context, len(known)).tolist()]
    return Logged(
        run_uid,
        columns.keys,
        np.frombuffer(columns.value, "<f8"),
        np.frombuffer(columns.step, "<i8"),
        times_us,
        () if columns.row is None else np.frombuffer(columns.row, "<i8"),
        contexts,
        writer=writer,
        key_index=key,
    )


def _positions(field: str, column: memoryview, count: int) -> Ints:
    found = np.frombuffer(column, "<u4").astype(np.int64)
    if len(found) and found.max() >= count:
        raise InvalidInput(
            f"A point has {field} {found.max()}, but there are {count}",
            field=field,
            bound=count,
            remedy="see the reference",
        )
    return found


@lru_cache(maxsize=4_096)
def _context(document: str) -> Mapping[str, str]:
    try:
        found = json.loads(check_text("context", document, CONTEXT_BOUND))
    except (ValueError, RecursionError):
        found = None
    texts = [*found, *found.values()] if isinstance(found, dict) else []
    if not texts or not all(isinstance(value, str) for value in texts):
        raise InvalidInput(
            f"{document[:100]!r} is no context",
            field="context",
            remedy='send a JSON object of texts, like {"split": "test"}',
        )
    for value in texts:  # what JSON escapes may be no text that can be stored
        check_text("context", value, CONTEXT_BOUND, blank=True)
    return dict(found)


def points_of(services: Services) -> Endpoint:
    """Logs points of a writer, numbered from `first`: what it has sent before is passed over."""

    async def points(request: Request) -> Response:
        """Logs points of a writer, numbered from `first`: what it has sent before is passed over."""
        scope, uid = scope_of(request), request.path_params["id"]
        check_type(request, MEDIA_TYPE)
        first = integer(request, "first")
        writer = Writer(text(request, "writer"), text(request, "stream", POINTS), integer(request, "epoch", 0), first)
        check_text("writer", writer.name, KEY_BOUND)
        check_text("stream", writer.stream, KEY_BOUND)
        body = await read(request, BODY_BOUND)
        if len(body) > AT_ONCE:  # the loop has others to answer
            found = await run_sync(lambda: logged(uid, unpack(body), writer))
        else:
            found = logged(uid, unpack(body), writer)
        await ended(partial(services.runs.log_soon, scope, found))
        return answer({"next": first + len(found.values)})

    return points


def open_writer(call: Call[NoQuery, Opened]) -> Sender:
    """How far a writer got; it begins where it is new."""
    given = call.body
    return progress(
        call.services.runs.open_writer(call.scope, call.id, given.name, given.stream, heartbeats=given.heartbeats)
    )


def heartbeat(call: Call[NoQuery, Alive]) -> Noted:
    """Says that a writer lives."""
    call.services.runs.heartbeat(call.scope, call.id, check_text("name", call.body.name, KEY_BOUND))
    return Noted()


WRITE = may(Verb.WRITE, "run")

TABLE = [
    Route(
        "POST",
        "runs/{id}/points",
        points_of,
        WRITE,
        own=True,
        query=Sending,
        media=MEDIA_TYPE,
        answer=Next,
        errors=(NotActive, SequenceGap, Conflict, TooLarge),
    ),
    Route("POST", "runs/{id}/writers", open_writer, WRITE, body=Opened, answer=Sender, errors=(NotActive,)),
    Route("POST", "runs/{id}/heartbeat", heartbeat, WRITE, body=Alive, answer=Noted),
]
