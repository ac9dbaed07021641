"""Whoever opens a page in a browser and is nobody yet is led to the login page, and from there to that page."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assay.core.logins import local_path
from assay.server.guard import RENDERERS

LOGIN = "/login"
API = tuple(prefix for prefix, _ in RENDERERS)


def is_page(scope: Scope) -> bool:
    """Whether a person waits for a page, and not a program for an answer."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope["path"].startswith(API):
        return False
    given = dict(scope["headers"])
    return b"text/html" in given.get(b"accept", b"") and given.get(b"sec-fetch-dest", b"document") == b"document"


class Led:
    """Answers 401 to browsers as the way to the login page.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if not is_page(scope):
            await self._app(scope, receive, send)
            return
        leads = False

        async def led(message: Message) -> None:
            nonlocal leads
            if message["type"] == "http.response.start" and message["status"] == 401:
                leads = True
                await RedirectResponse(f"{LOGIN}?{urlencode({'next': _asked(scope)})}", 303)(scope, receive, send)
            if not leads:
                await send(message)

        await self._app(scope, receive, led)


def _asked(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return local_path(quote(scope["path"], safe="/:@!$&'()*+,;=~") + (f"?{query}" if query else ""))
