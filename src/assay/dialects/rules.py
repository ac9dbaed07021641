"""What a route asks of who calls it. Every route has a rule, and is reached through it alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Protocol
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from assay.core.roles import SERVER, Role, Verb
from assay.core.scope import DEFAULT_WORKSPACE_ID, Actor, Scope
from assay.services.base import authorise
from assay.wire.errors import AssayError, InvalidInput, NotFound

SCOPE = "assay.scope"  # in the ASGI scope: whose data, and who asks
AGAIN = "assay.again"  # in the ASGI scope: asks once more, for answers without an end; raises if he may not any more
IDENTIFY = "assay.identify"  # in the ASGI scope: the server's `Identify`
DEFAULT = "default"
PARAMETER = "workspace"


class Place(StrEnum):
    """Which workspace a route is about."""

    ASKED = "asked"  # that of the request's header or query, else the default one
    PATH = "path"
    NONE = "none"  # the route is about the whole server


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may call a route.

    Attributes:
        verb: What he must be allowed to; None: he must only be somebody.
        kind: Of the thing that it is done to.
        place: Which workspace it lies in.
        public: Whether nobody is asked who he is.
    """

    verb: Verb | None = None
    kind: str = ""
    place: Place = Place.NONE
    public: bool = False


PUBLIC = Rule(public=True)
ANYBODY = Rule()  # any user, whatever his roles; whoever reaches the server while it has no users


def may(verb: Verb, kind: str, place: Place | None = None) -> Rule:
    """The rule that the caller may do this to things of this kind, in the workspace that he asks for."""
    return Rule(verb, kind, place or (Place.NONE if verb in SERVER else Place.ASKED))


class Caller(Protocol):
    """Who calls."""

    @property
    def actor(self) -> Actor: ...

    async def workspace(self, name: str) -> int | None:
        """The number of the workspace of this name, if there is one."""
        ...


Identify = Callable[[AsgiScope], Awaitable[Caller]]  # raises Unauthenticated, Unavailable


@dataclass(frozen=True, slots=True)
class Manner:
    """How a dialect is spoken: how errors are told, and how its clients name a workspace."""

    render: Callable[[AssayError], Response]
    header: bytes  # in lower case
    query: bool = False  # whether it may be in the query instead, where a client cannot set headers
    remedy: str = "ask an admin of the server for a role in it, or name another workspace"


class Ruled(Route):
    """A route that is reached only by who may."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        rule: Rule,
        manner: Manner,
        methods: Sequence[str] | None = None,
    ) -> None:
        super().__init__(path, endpoint, methods=None if methods is None else list(methods))
        self.rule = rule
        self.app = _Enforced(self.app, rule, manner)


class _Enforced:
    """The one place that lets a request pass to its handler, or answers why not."""

    def __init__(self, app: ASGIApp, rule: Rule, manner: Manner) -> None:
        self._app = app
        self._rule = rule
        self._manner = manner

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if not self._rule.public:
            try:
                scope[SCOPE] = await self._admitted(scope)
            except AssayError as error:
                await self._manner.render(error)(scope, receive, send)
                return
            scope[AGAIN] = partial(self._admitted, scope)
        await self._app(scope, receive, send)

    async def _admitted(self, scope: AsgiScope) -> Scope:
        """The scope of the request, whose caller may call this route. Raises Unauthenticated, PermissionDenied."""
        caller = await scope[IDENTIFY](scope)
        found = await self._placed(scope, caller)
        if self._rule.verb is not None:
            authorise(found, self._rule.verb, self._rule.kind)
        return found

    async def _placed(self, scope: AsgiScope, caller: Caller) -> Scope:
        """The scope of the request. Raises NotFound for a workspace that does not exist, or not for this caller."""
        place = self._rule.place
        if place is Place.NONE:
            return Scope(DEFAULT_WORKSPACE_ID, caller.actor)
        name = scope["path_params"][PARAMETER] if place is Place.PATH else asked(scope, self._manner)
        id = await caller.workspace(name)
        actor = caller.actor
        if id is None or (not actor.is_admin and actor.role_in(id) is Role.NONE):
            raise NotFound(f"Workspace '{name[:100]}' not found", field="workspace", remedy=self._manner.remedy)
        return Scope(id, actor)


def asked(scope: AsgiScope, manner: Manner) -> str:
    """The name of the workspace that the request asks for. Raises InvalidInput for two that differ."""
    found = ""
    for name, value in scope["headers"]:
        if name == manner.header:
            found = value.decode("latin-1")
    if manner.query and PARAMETER.encode() in scope["query_string"]:
        given: Mapping[str, list[str]] = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=1_000)
        named = {*given.get(PARAMETER, ()), *([found] if found else ())}
        if len(named) > 1:
            raise InvalidInput(
                "The request names two workspaces", field="workspace", bound=1, remedy="name one, in one place"
            )
        found = next(iter(named), "")
    return found or DEFAULT


def scope_of(request: Any) -> Scope:
    """Whose data the request speaks of, and who asks, as its route's rule has found it."""
    found: Scope = request.scope[SCOPE]
    return found
