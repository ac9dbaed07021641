"""All routes of the native dialect, /api/v1."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from assay.dialects.native import (
    accounts,
    audit,
    bulk,
    changes,
    comments,
    console,
    experiments,
    files,
    finding,
    garbage,
    grouping,
    history,
    imports,
    ingest,
    listing,
    models,
    purge,
    retention,
    runs,
    series,
    statistics,
    values,
    views,
    workspaces,
)
from assay.dialects.native.calls import MANNER, answer
from assay.dialects.native.errors import render
from assay.dialects.native.feed import Feed
from assay.dialects.native.openapi import document
from assay.dialects.native.table import PREFIX, Call, House, NoQuery, Route, served
from assay.dialects.rules import ANYBODY, Ruled
from assay.services.house import Services
from assay.wire.errors import RouteNotFound

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD"]


class Root(msgspec.Struct):
    """What this server is, and where its things lie."""

    version: str
    links: dict[str, str]


@cache
def release() -> str:
    """The version of this server."""
    try:
        return version("assay-ml")
    except PackageNotFoundError:  # run from a folder that was not installed
        return "0"


def root(call: Call[NoQuery, None]) -> Root:
    """The server's version, and where to begin."""
    first = {route.path for route in TABLE if route.method == "GET" and route.path and route.needs_nothing}
    return Root(release(), {path.removesuffix(".json"): f"{PREFIX}/{path}" for path in sorted(first)})


def openapi(call: Call[NoQuery, None]) -> Response:
    """This API as an OpenAPI 3.1 document."""
    return answer(described())


@cache
def described() -> dict[str, Any]:
    """The OpenAPI document of all routes."""
    return document(TABLE, release())


TABLE: list[Route] = [
    Route("GET", "", root, ANYBODY, answer=Root),
    Route("GET", "openapi.json", openapi, ANYBODY, answer=dict[str, Any]),
    *experiments.TABLE,
    *listing.TABLE,
    *statistics.TABLE,
    *grouping.TABLE,
    *finding.TABLE,
    *runs.TABLE,
    *bulk.TABLE,
    *ingest.TABLE,
    *history.TABLE,
    *series.TABLE,
    *values.TABLE,
    *console.TABLE,
    *comments.TABLE,
    *views.TABLE,
    *models.TABLE,
    *files.TABLE,
    *imports.TABLE,
    *changes.TABLE,
    *purge.TABLE,
    *retention.TABLE,
    *garbage.TABLE,
    *audit.TABLE,
    *accounts.TABLE,
    *workspaces.TABLE,
]


def unknown(routes: Sequence[Ruled]) -> Callable[[Request], Response]:
    """Answers what no route answers, and says which methods a path has."""

    def refuse(request: Request) -> Response:
        path = request.url.path
        known = {method for route in routes if route.path_regex.match(path) for method in route.methods or ()}
        if not known:
            error = RouteNotFound("There is no such route", field="path", remedy=f"see {PREFIX}/openapi.json")
            return render(error)
        allow = ", ".join(sorted(known))
        told = f"{re.sub('[^A-Z]', '?', request.method)[:20]} is not served here"
        return render(RouteNotFound(told, field="method", bound=allow, remedy=f"use {allow}"), 405, {"Allow": allow})

    return refuse


def routes(
    services: Services,
    now_us: Callable[[], int],
    new_name: Callable[[], str],
    gate: Callable[[], AbstractContextManager[None]],
    feed: Feed,
) -> list[Ruled]:
    """The routes.

    Args:
        services: What answers.
        now_us: The clock, for relative times.
        new_name: A name for a run that was given none.
        gate: Passed while garbage is collected.
        feed: Who follows changes.
    """
    found = served(House(services, now_us, new_name, gate, feed), TABLE)
    return [*found, Ruled(f"{PREFIX}/{{rest:path}}", unknown(found), rule=ANYBODY, manner=MANNER, methods=METHODS)]
