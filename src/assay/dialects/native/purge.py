"""POST /api/v1/purge: deleting for good."""

from __future__ import annotations

import msgspec
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from assay.core.purge import GRACE_DAYS
from assay.core.scope import Verb
from assay.dialects.native.calls import answer, answering, read_json, scope_of
from assay.services.base import authorise
from assay.services.house import Services
from assay.services.purge import LIMIT
from assay.wire.errors import InvalidInput


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """What to purge: `ids`, or `all` that is due."""

    ids: list[str] | None = None
    all: bool = False
    grace_days: float = GRACE_DAYS
    reason: str = ""
    limit: int = LIMIT


async def _read(request: Request) -> Body:
    body = await read_json(request, Body)
    if body.all == (body.ids is not None):
        raise InvalidInput("Say what to purge", field="ids", remedy='send either "ids" or "all": true')
    return body


def routes(services: Services) -> list[BaseRoute]:
    """The routes below /api/v1 that delete for good."""

    async def purge(request: Request) -> Response:
        """Deletes for good, with the home's token."""
        scope = scope_of(request)
        authorise(scope, Verb.PURGE, "run, model or experiment")  # before the body is read
        body = await _read(request)
        done = await run_sync(
            lambda: services.purge.purge(
                scope, body.ids, grace_days=body.grace_days, reason=body.reason, limit=body.limit
            )
        )
        return answer(done)

    return [Route("/api/v1/purge", answering(purge), methods=["POST"])]
