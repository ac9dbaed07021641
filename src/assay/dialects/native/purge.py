"""POST /api/v1/purge: deleting for good."""

from __future__ import annotations

import msgspec
from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from assay.core.purge import GRACE_DAYS
from assay.core.scope import LOCAL, Scope, Verb
from assay.dialects.native.app import render
from assay.services.base import authorise
from assay.services.house import Services
from assay.services.purge import LIMIT
from assay.wire.errors import AssayError, InvalidInput, TooLarge

BODY_BOUND = 1 << 20


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """What to purge: `ids`, or `all` that is due."""

    ids: list[str] | None = None
    all: bool = False
    grace_days: float = GRACE_DAYS
    reason: str = ""
    limit: int = LIMIT


async def _read(request: Request) -> Body:
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > BODY_BOUND:
            raise TooLarge(
                f"The body exceeds {BODY_BOUND} bytes", field="body", bound=BODY_BOUND, remedy="name fewer ids a call"
            )
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise InvalidInput("The body is not JSON", field="Content-Type", remedy="send application/json")
    try:
        body = msgspec.json.decode(data, type=Body)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise InvalidInput(
            f"The body cannot be read: {error}"[:500], field="body", remedy="see the reference"
        ) from None
    if body.all == (body.ids is not None):
        raise InvalidInput("Say what to purge", field="ids", remedy='send either "ids" or "all": true')
    return body


def routes(services: Services) -> list[BaseRoute]:
    """The routes below /api/v1 that delete for good."""

    async def purge(request: Request) -> Response:
        try:
            scope = Scope(actor=request.scope.get("assay.actor", LOCAL))
            authorise(scope, Verb.PURGE, "run, model or experiment")  # before the body is read
            body = await _read(request)
            done = await run_sync(
                lambda: services.purge.purge(
                    scope, body.ids, grace_days=body.grace_days, reason=body.reason, limit=body.limit
                )
            )
        except AssayError as error:
            return render(error)
        except ClientDisconnect:
            return Response(status_code=400)
        return Response(msgspec.json.encode(done), media_type="application/json")

    return [Route("/api/v1/purge", purge, methods=["POST"])]
