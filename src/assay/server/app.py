"""The ASGI application: every dialect over the same services."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from time import monotonic

from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from assay.dialects.mlflow.app import routes as mlflow_routes
from assay.dialects.native.feed import Feed
from assay.dialects.native.mount import routes as native_routes
from assay.dialects.rules import ANYBODY, PUBLIC, Manner, Ruled
from assay.server import browser
from assay.server.auth.basic import BasicPasswords
from assay.server.auth.bearer import BearerTokens
from assay.server.auth.chain import Chain, Way
from assay.server.auth.cookies import SessionCookies
from assay.server.auth.guessing import PasswordGate
from assay.server.compose import Server, new_name, now_us
from assay.server.figures import figures
from assay.server.gate import collecting
from assay.server.guard import Guard, render_plain
from assay.server.login.door import Door
from assay.server.login.led import Led
from assay.server.login.routes import LoginPages
from assay.server.metrics import MEDIA_TYPE
from assay.server.proxies import Proxies
from assay.server.ready import Aspect, Readiness
from assay.server.watch import Traffic, Watched

PLAIN = Manner(render_plain, b"assay-workspace", query=True)  # of pages and probes
FILES_KEPT_S = 30.0  # a look writes an object, which costs money at some stores


def ruled(routes: Sequence[BaseRoute]) -> Sequence[BaseRoute]:
    """The routes, each of which has a rule. Raises TypeError for one that has none: it must not be served."""
    for route in routes:
        if not isinstance(route, Ruled):
            raise TypeError(f"The route {getattr(route, 'path', route)!r} says nothing of who may call it")
    return routes


class Straight:
    """Finds routes without parameters by their path at once, where a router would try hundreds of patterns."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routes: dict[tuple[str, str], Route] = {}
        for route in routes:
            if isinstance(route, Route) and "{" not in route.path:
                for method in route.methods or ():
                    self._routes.setdefault((method, route.path), route)

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Calls the route, or the application for what has parameters, is no route, or is no request."""
        route = self._routes.get((scope.get("method", ""), scope.get("path", "")))
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        scope["path_params"] = {}
        await route.app(scope, receive, send)


def create_app(
    server: Server,
    hosts: frozenset[str],
    ready: Callable[[], None],
    ending: Callable[[], bool] = lambda: False,
    *,
    door: Door | None = None,
) -> ASGIApp:
    """The application, which closes the server at its end.

    Args:
        server: What is served.
        hosts: Requests under other host names than these are refused.
        ready: Called when requests are about to be answered.
        ending: Whether it is about to stop, so that answers without an end must end.
        door: How people come in; None: as on this machine alone.
    """
    services, traffic, door = server.services, Traffic(), door or Door()
    feed = Feed(services, ending)
    aspects = {"store": Aspect(server.check_store), "files": Aspect(server.check_blobs, FILES_KEPT_S)}

    async def health(request: Request) -> Response:
        return PlainTextResponse("OK")

    async def metrics(request: Request) -> Response:
        return Response(figures(server, traffic, feed), media_type=MEDIA_TYPE)

    async def unknown(request: Request, error: Exception) -> Response:
        return PlainTextResponse("Not Found: no such route", 404)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        ready()
        yield
        await run_sync(server.close)

    gate = PasswordGate(services.logins, monotonic)
    login = LoginPages(services.access, services.logins, gate, door.provider(services.providers, monotonic))
    routes: list[BaseRoute] = [
        *mlflow_routes(services, new_name),
        Ruled("/health", health, rule=PUBLIC, manner=PLAIN),
        Ruled("/ready", Readiness(aspects, ending).answer, rule=PUBLIC, manner=PLAIN),
        Ruled("/metrics", metrics, rule=ANYBODY, manner=PLAIN),
        *browser.routes(PLAIN),
        *login.routes(PLAIN),
        *native_routes(services, now_us, new_name, lambda: collecting(server.home.root), feed),
    ]
    ways: list[Way] = [
        BearerTokens(services.access, server.home.token()),
        BasicPasswords(gate, services.access),
        SessionCookies(services.logins),
    ]
    chain = Chain(services.access, ways, is_open=door.is_open)
    app = Starlette(
        routes=ruled(routes),
        exception_handlers={404: unknown},
        lifespan=lifespan,
    )
    guarded = Guard(Led(Straight(app, ruled(routes))), hosts, chain)
    return Proxies(Watched(guarded, traffic), door.trusted)


assert sqlite3.sqlite_version_info >= (3, 35), "Assay needs SQLite 3.35 or later (RETURNING)"
