"""The ASGI application: every dialect over the same services."""

from __future__ import annotations

import html
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from assay.core.scope import Scope
from assay.core.tracking import RunRecord
from assay.dialects.mlflow.app import routes as mlflow_routes
from assay.dialects.native.mount import routes as native_routes
from assay.server.compose import Server, new_name, now_us
from assay.server.gate import collecting
from assay.server.guard import Guard

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Assay</title>
<meta name="viewport" content="width=device-width">
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2430}}
pre{{background:#f2f4f7;padding:1rem;border-radius:6px;overflow:auto}}table{{border-collapse:collapse;width:100%}}
td,th{{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #e1e5ea}}</style>
<h1>Assay</h1><p>Send a first run from any MLflow script, unchanged:</p>
<pre>export MLFLOW_TRACKING_URI={address}
python train.py</pre>
<p>See them in a terminal: <code>assay runs</code></p><h2>Newest runs</h2>{runs}</html>"""


def _row(record: RunRecord) -> str:
    run = record.run
    start = datetime.fromtimestamp((run.start_us or 0) / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")
    shown = ", ".join(f"{item.key} {item.value:.4g}" for item in record.metrics[:4] if item.context is None)
    cells = (run.name, "lost" if run.lost else run.status.value, start, shown)
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"


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
        scope["path_params"] = {}
        await route.app(scope, receive, send)


def create_app(server: Server, hosts: frozenset[str], ready: Callable[[], None]) -> ASGIApp:
    """The application, which closes the server at its end.

    Args:
        server: What is served.
        hosts: Requests under other host names than these are refused.
        ready: Called when requests are about to be answered.
    """
    services = server.services

    async def health(request: Request) -> Response:
        return PlainTextResponse("OK")

    def newest() -> list[RunRecord]:
        ids = [item.id for item in services.experiments.search(Scope(), limit=1_000).items]
        return list(services.runs.search(Scope(), ids, limit=20).items)

    async def front(request: Request) -> Response:
        found = await run_sync(newest)
        head = "<tr><th>run</th><th>status</th><th>started (UTC)</th><th>metrics</th></tr>"
        table = f"<table>{head}{''.join(map(_row, found))}</table>" if found else "<p>None yet.</p>"
        address = html.escape(f"{request.url.scheme}://{request.url.netloc}")
        return HTMLResponse(
            PAGE.format(address=address, runs=table),
            headers={
                "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
            },
        )

    async def unknown(request: Request, error: Exception) -> Response:
        return PlainTextResponse("Not Found: no such route", 404)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        ready()
        yield
        await run_sync(server.close)

    routes = [
        *mlflow_routes(services, new_name),
        Route("/health", health),
        Route("/", front),
        *native_routes(services, now_us, new_name, lambda: collecting(server.home.root)),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={404: unknown},
        lifespan=lifespan,
    )
    return Guard(Straight(app, routes), hosts, server.home.token())


assert sqlite3.sqlite_version_info >= (3, 35), "Assay needs SQLite 3.35 or later (RETURNING)"
