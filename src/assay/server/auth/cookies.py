"""Coming in by the cookie of a session, as browsers do."""

from __future__ import annotations

from collections.abc import Iterator

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.types import Scope as AsgiScope

from assay.core.scope import Actor
from assay.services.access import State
from assay.services.logins import LoginService
from assay.wire.errors import PermissionDenied

SESSION = "assay_session"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
COOKIES_BOUND = 16 * 1024  # bytes that are looked at


def cookies(scope: AsgiScope, wanted: str) -> Iterator[str]:
    """The values of the cookies of this name; there may be several, of which others can have planted some."""
    for name, value in scope["headers"]:
        if name == b"cookie":
            for part in value[:COOKIES_BOUND].decode("latin-1").split(";"):
                key, _, found = part.strip().partition("=")
                if key == wanted:
                    yield found


def set_cookie(response: Response, scope: AsgiScope, name: str, value: str, *, lasts_s: int, path: str = "/") -> None:
    """The browser keeps the cookie for itself: no script reads it, and no other site's request brings it."""
    response.set_cookie(
        name, value, max_age=lasts_s, path=path, secure=scope["scheme"] == "https", httponly=True, samesite="strict"
    )


def same_origin(scope: AsgiScope) -> bool:
    """Whether a page of this server made the request: a foreign Origin is refused before, so one is enough."""
    given = dict(scope["headers"])
    return b"origin" in given or given.get(b"sec-fetch-site") == b"same-origin"


class SessionCookies:
    """`Cookie: assay_session=...`. One whose session has ended is as none.

    Args:
        logins: What knows the sessions.
    """

    header = b"cookie"

    def __init__(self, logins: LoginService) -> None:
        self._logins = logins

    async def actor(self, scope: AsgiScope, state: State) -> Actor | None:
        """Whose session it is.

        Raises:
            PermissionDenied: It would change something, and may not come from a page of ours.
        """
        for secret in cookies(scope, SESSION):
            actor = self._logins.remembered(secret, state.version)
            if actor is None:
                actor = await run_sync(self._logins.by_session, secret, state.version)
            if actor is None:
                continue
            if scope["method"] not in SAFE and not same_origin(scope):
                raise PermissionDenied(
                    "A request by cookie must come from this server's own pages",
                    field="Origin",
                    remedy="send Origin, as browsers do; programs send a token instead",
                )
            return actor
        return None
