"""Every request is counted and timed by its route, and has an id that its answer and the log say."""

from __future__ import annotations

import re
import secrets
from itertools import count
from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from assay.core.tally import Histogram
from assay.server.http import BEGAN, REQUEST, STATUS
from assay.server.logs import access, request_id

ANSWERS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "none"
WELL_FORMED = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}\Z")


class Traffic:
    """What was asked since the start. Routes are templates, so that there are no more of them than the code has."""

    def __init__(self) -> None:
        self.active = 0
        self.answers: dict[tuple[str, str, int], int] = {}  # by method, route and status
        self.seconds: dict[tuple[str, str], Histogram] = {}  # by method and route

    def answered(self, method: str, route: str, status: int, took_s: float) -> None:
        """One more request is answered."""
        if method not in METHODS:
            method = "other"
        key = method, route, status
        self.answers[key] = self.answers.get(key, 0) + 1
        histogram = self.seconds.get(key[:2])
        if histogram is None:
            histogram = self.seconds[key[:2]] = Histogram(ANSWERS_S)
        histogram.observe(took_s)


class Watched:
    """Passes requests on, and notes what became of them.

    The id is the client's `X-Request-Id` if that is well-formed, else one that no other request has.

    Args:
        app: What answers.
        traffic: Where it is noted.
    """

    def __init__(self, app: ASGIApp, traffic: Traffic) -> None:
        self._app = app
        self._traffic = traffic
        self._prefix = secrets.token_hex(6)
        self._next = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        id = self._id(scope)
        scope[REQUEST] = id.encode()
        request_id.set(id)  # the task is the request's own
        traffic = self._traffic
        traffic.active += 1
        try:
            await self._app(scope, receive, send)
        finally:
            traffic.active -= 1
            took_s = perf_counter() - scope.get(BEGAN, perf_counter())
            status = scope.get(STATUS, 500)
            route = getattr(scope.get("route"), "path", NO_ROUTE)
            traffic.answered(scope["method"], route, status, took_s)
            if access.isEnabledFor(20):
                _tell(scope, route, status, took_s)

    def _id(self, scope: Scope) -> str:
        for name, value in scope["headers"]:
            if name == b"x-request-id" and WELL_FORMED.match(value):
                found: str = value.decode("ascii")
                return found
        return f"{self._prefix}-{next(self._next)}"


def _tell(scope: Scope, route: str, status: int, took_s: float) -> None:
    """The log has the request, but neither its query nor its headers."""
    actor = scope.get("assay.actor")
    asked: dict[str, Any] = {
        "method": scope["method"],
        "path": scope["path"],
        "route": route,
        "status": status,
        "seconds": round(took_s, 6),
        "client": (scope.get("client") or ("",))[0],
        "actor": getattr(actor, "name", ""),
    }
    text = "%s %s %d %.1f ms"
    access.info(text, scope["method"], scope["path"], status, took_s * 1e3, extra={"asked": asked})
