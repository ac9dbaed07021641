"""GET /api/v1/changes: runs that change, as server-sent events."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import msgspec
from anyio.to_thread import run_sync
from starlette.responses import Response, StreamingResponse

from assay.core.scope import Verb
from assay.dialects.native.table import Call, Route
from assay.dialects.rules import AGAIN, may
from assay.services.base import check_text
from assay.services.experiments import NAME_BOUND
from assay.wire.errors import AssayError, InvalidInput, NotFound, PermissionDenied, Unauthenticated

log = logging.getLogger(__name__)

EVENTS = "text/event-stream"
LAST_HEADER = "Last-Event-ID"
ALIVE_S = 15.0  # proxies end what is silent for longer
RETRY_MS = 3_000


class ChangeQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Whose changes: of the runs of these experiments (by name), or of all."""

    experiment: list[str] = msgspec.field(default_factory=list)


class ChangedRun(msgspec.Struct):
    """What an event's data says."""

    id: str
    experiment_id: int


async def changes(call: Call[ChangeQuery, None]) -> Response:
    """Runs that change, as they do: an event `run` with the id of each, without end. `Last-Event-ID` resumes."""
    feed = call.house.feed
    try:
        position = await feed.position(call.scope, call.request.headers.get(LAST_HEADER))
    except InvalidInput as error:
        raise InvalidInput(error.message, field=LAST_HEADER, remedy="send the id of an event, or none") from None
    names = [check_text("experiment", name, NAME_BOUND) for name in call.query.experiment]
    find = call.services.experiments.by_name
    wanted = {(await run_sync(find, call.scope, name)).id for name in names} or None
    feed.check()
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(call, position, wanted), media_type=EVENTS, headers=headers)


async def _events(call: Call[ChangeQuery, None], position: str, wanted: set[int] | None) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY_MS}\nid: {position}\n\n".encode()
    following = call.house.feed.follow(call.scope, position, ALIVE_S, call.request.scope[AGAIN])
    try:
        async for told in following:
            if told is None:
                yield b":\n\n"
            elif wanted is None or told.experiment_id in wanted:
                data = msgspec.json.encode(ChangedRun(told.run_uid, told.experiment_id)).decode()
                yield f"id: {told.position}\nevent: run\ndata: {data}\n\n".encode()
    except (Unauthenticated, PermissionDenied, NotFound):  # he may not listen any more
        return
    except AssayError as error:  # the database is away: the client comes again, with the last that it saw
        log.warning("Changes cannot be read: %s", error)
    finally:
        await following.aclose()  # type: ignore[attr-defined]  # it is a generator


READ = may(Verb.READ, "run")

TABLE = [
    Route(
        "GET",
        "changes",
        changes,
        READ,
        query=ChangeQuery,
        also=(EVENTS,),
        errors=(NotFound,),
        headers=((LAST_HEADER, "The id of the last event that was seen: what changed since is told first."),),
    )
]
