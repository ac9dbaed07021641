"""How a route of /api/v1 is declared: what it takes, what it answers, what it refuses, and the function between.

From the declarations come the routes, the decoding, the OpenAPI document and the page of the reference.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from assay.core.scope import Scope
from assay.dialects.native.calls import (
    JSON_BOUND,
    MANNER,
    Endpoint,
    answer,
    answering,
    asked,
    check_type,
    decoded,
    read,
)
from assay.dialects.native.feed import Feed
from assay.dialects.rules import Rule, Ruled, scope_of
from assay.services.house import Services
from assay.wire.errors import AssayError, InvalidInput

PREFIX = "/api/v1"
ID_DIGITS = 18
ID_BOUND = 10**ID_DIGITS
Q = TypeVar("Q")
B = TypeVar("B")


class NoQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing is asked for beyond the path."""


@dataclass(frozen=True, slots=True)
class House:
    """What all calls share.

    Attributes:
        services: What answers.
        now_us: The clock, for relative times.
        new_name: A name for a run that was given none.
        gate: Passed while garbage is collected.
        feed: Who follows changes.
    """

    services: Services
    now_us: Callable[[], int]
    new_name: Callable[[], str]
    gate: Callable[[], AbstractContextManager[None]]
    feed: Feed


@dataclass(slots=True)
class Call(Generic[Q, B]):
    """A request after decoding."""

    house: House
    request: Request
    scope: Scope
    query: Q
    body: B

    @property
    def services(self) -> Services:
        """The use cases."""
        return self.house.services

    @property
    def id(self) -> str:
        """The id in the path."""
        return str(self.request.path_params["id"])

    @property
    def number(self) -> int:
        """The id in the path, of what is numbered. Raises InvalidInput."""
        if not (self.id.isascii() and self.id.isdigit()) or len(self.id) > ID_DIGITS:
            raise InvalidInput(f"{self.id[:100]!r} is no number", field="id", bound=ID_BOUND, remedy="give its number")
        return int(self.id)


@dataclass(frozen=True, slots=True)
class Made:
    """An answer, and whether what it shows is new."""

    value: Any
    new: bool = True


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    Attributes:
        method: GET, POST, PUT, PATCH or DELETE.
        path: Below /api/v1.
        work: Takes the Call and returns the answer, or a Response; it blocks in a thread unless it is a coroutine.
        rule: Who may call it; asked before anything is read.
        query: The struct of the query.
        body: The type of the JSON body; None where there is none.
        media: What the body is, where it is no JSON: the work reads it itself.
        bound: Bytes of a JSON body.
        answer: The type of the JSON answer; None where there is none.
        also: Other media types that it may answer with.
        makes: Whether it answers 201 for what is new.
        more: Other statuses that it may answer with, and no JSON.
        errors: What it refuses beside what every route may.
        own: Whether the work takes the services and returns an endpoint, which decodes by itself.
        headers: Names of request headers that it reads, with what they mean.
        example: A body, for who reads the document.
    """

    method: str
    path: str
    work: Callable[[Any], Any]
    rule: Rule
    query: type[msgspec.Struct] = NoQuery
    body: Any = None
    media: str | None = None
    bound: int = JSON_BOUND
    answer: Any = None
    also: tuple[str, ...] = ()
    makes: bool = False
    more: tuple[int, ...] = ()
    errors: tuple[type[AssayError], ...] = ()
    own: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    example: Any = None

    @property
    def needs_nothing(self) -> bool:
        """Whether it can be asked without knowing anything."""
        return "{" not in self.path and not any(field.required for field in msgspec.structs.fields(self.query))

    @property
    def line(self) -> str:
        """What it does, in a sentence or two."""
        return (inspect.getdoc(self.work) or "").split("\n\n")[0]


def served(house: House, table: Sequence[Route]) -> list[Ruled]:
    """The routes of the table. HEAD is answered where GET is, but for streams that do not end."""
    found = []
    for route in table:
        endpoint = route.work(house.services) if route.own else _endpoint(house, route)
        path = f"{PREFIX}/{route.path}" if route.path else PREFIX
        http = Ruled(path, answering(endpoint), rule=route.rule, manner=MANNER, methods=[route.method])
        if "text/event-stream" in route.also and http.methods is not None:
            http.methods.discard("HEAD")
        found.append(http)
    return found


def _endpoint(house: House, route: Route) -> Endpoint:
    waits = inspect.iscoroutinefunction(route.work)

    async def endpoint(request: Request) -> Response:
        scope = scope_of(request)
        query = asked(request, route.query)
        data = b""
        if route.body is not None:
            data = await read(request, route.bound)
            check_type(request, "application/json")

        def call() -> Call[Any, Any]:
            body = None if route.body is None else decoded(data, route.body)
            return Call(house, request, scope, query, body)

        if waits:
            return _told(await route.work(call()))
        return await run_sync(lambda: _told(route.work(call())))

    return endpoint


def _told(found: Any) -> Response:
    if isinstance(found, Response):
        return found
    if isinstance(found, Made):
        return answer(found.value, 201 if found.new else 200)
    return answer(found)
