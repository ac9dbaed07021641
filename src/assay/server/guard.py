"""Who may reach the server by a browser: Host and Origin are checked before any route sees a request."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def host_name(value: str) -> str:
    """The host of a Host header or URL authority, without port."""
    try:
        return (urlsplit(f"//{value}").hostname or "").lower()
    except ValueError:
        return ""


class Guard:
    """Refuses foreign Host headers (DNS rebinding) and foreign Origins (drive-by requests)."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or answers 403."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host = origin = None
        for name, value in scope["headers"]:
            if name == b"host":
                host = value.decode("latin-1")
            elif name == b"origin":
                origin = value.decode("latin-1")
        if host is None or host_name(host) not in self._hosts:
            text = "Invalid Host header: name this server by the address that it printed, or start it with --host"
            await PlainTextResponse(text, 403)(scope, receive, send)
            return
        if origin is not None and host_name(origin.partition("://")[2]) not in self._hosts:
            await PlainTextResponse("Cross-origin request refused", 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)
