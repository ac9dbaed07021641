"""POST /api/v1/gc: collecting garbage in the process that holds the home."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any

import msgspec
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from assay.core.scope import LOCAL, Actor, Scope, Verb
from assay.dialects.native.errors import render
from assay.services.base import authorise
from assay.services.house import Services
from assay.wire.errors import AssayError, InvalidInput

HOUR_US = 3_600_000_000
DAY_HOURS = 24.0  # the longest upload and backup; whoever collects what is younger must prove who he is
GRACE_BOUND = 100 * 365 * 24  # hours
BODY_BOUND = 1_000


class Asked(msgspec.Struct):
    """The body of the request."""

    grace_hours: float = DAY_HOURS


def routes(services: Services, gate: Callable[[], AbstractContextManager[None]]) -> list[BaseRoute]:
    """The route; the gate is passed while garbage is collected."""

    def work(actor: Actor, body: bytes) -> dict[str, Any]:
        try:
            asked = msgspec.json.decode(body[:BODY_BOUND], type=Asked)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidInput(f"The body cannot be read: {error}", remedy='send {"grace_hours": 24}') from error
        if not 0 <= asked.grace_hours <= GRACE_BOUND:
            raise InvalidInput(
                f"{asked.grace_hours} hours are no grace",
                field="grace_hours",
                bound=GRACE_BOUND,
                remedy=f"give 0 to {GRACE_BOUND}",
            )
        authorise(Scope(actor=actor), Verb.DELETE if asked.grace_hours >= DAY_HOURS else Verb.PURGE, "file")
        with gate():
            return asdict(services.files.collect(int(asked.grace_hours * HOUR_US)))

    async def collect(request: Request) -> Response:
        """Deletes files that nothing refers to."""
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > BODY_BOUND:
                break
        try:
            told = await run_sync(work, request.scope.get("assay.actor", LOCAL), body)
        except AssayError as error:
            return render(error)
        return Response(msgspec.json.encode(told), media_type="application/json")

    return [Route("/api/v1/gc", collect, methods=["POST"])]
