"""What is checked before any route sees a request: Host, Origin, and the encoding of the body.

A refusal is rendered by the dialect that owns the path, in its own client's form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from assay.dialects.mlflow.errors import render as render_mlflow
from assay.dialects.native.errors import STATUS
from assay.dialects.native.errors import render as render_native
from assay.dialects.rules import IDENTIFY, Identify
from assay.wire.errors import AssayError, InvalidInput, PermissionDenied

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
AUTHORITY = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{1,5})?\Z")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
HEADERS = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN"}  # of every answer
Render = Callable[[AssayError], Response]
RENDERERS: tuple[tuple[str, Render], ...] = (
    ("/api/v1/", render_native),
    ("/api/2.0/", render_mlflow),
    ("/api/3.0/", render_mlflow),
    ("/ajax-api/", render_mlflow),
    ("/get-artifact", render_mlflow),
    ("/version", render_mlflow),
)


@lru_cache(maxsize=64)
def host_name(value: str) -> str:
    """The host of a Host header or URL authority, without port; empty if that is not all it says."""
    found = AUTHORITY.match(value)
    return (found[1] or found[2]).lower() if found else ""


def authority(value: str) -> str:
    """Host and port in one form; ports that go without saying are left out."""
    return value.lower().removesuffix(":80").removesuffix(":443")


def render_plain(error: AssayError) -> Response:
    """The error as a line of text, for people and probes."""
    status = STATUS[error.code]
    return PlainTextResponse(f"{error.message}: {error.remedy}" if error.remedy else error.message, status)


def _render(path: str, error: AssayError) -> Response:
    for prefix, render in RENDERERS:
        if path.startswith(prefix):
            return render(error)
    return render_plain(error)


class Guard:
    """Refuses foreign Host headers (DNS rebinding), foreign Origins (drive-by requests), and bodies that are packed.

    Proxies' X-Forwarded headers are not asked. Who speaks is asked by the rules of the routes.

    Args:
        app: What is guarded.
        hosts: The names that the server is called by.
        identify: Says who calls.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], identify: Identify | None = None) -> None:
        self._app = app
        self._hosts = hosts
        self._identify = identify

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or answers why not."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http":
            try:
                self._check(scope)
            except AssayError as error:
                await _render(scope["path"], error)(scope, receive, send)
                return
            scope[IDENTIFY] = self._identify
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        """Raises what is wrong with the request."""
        path = scope["path"]
        if not path.isprintable() and CONTROL.search(path):  # the first is fast, and mostly enough
            raise InvalidInput("Invalid path", field="path", remedy="send no control characters")
        hosts: list[str] = []
        origins: list[str] = []
        for name, value in scope["headers"]:
            if name == b"host":
                hosts.append(value.decode("latin-1"))
            elif name == b"origin":
                origins.append(value.decode("latin-1"))
            elif name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
                # Nothing is ever inflated, so nothing small can become large.
                raise InvalidInput(
                    "The body is compressed", field="Content-Encoding", bound="identity", remedy="send it as it is"
                )
        if len(hosts) != 1 or host_name(hosts[0]) not in self._hosts:
            raise PermissionDenied(
                "Invalid Host header",
                field="Host",
                remedy="use the address that the server printed, or start it with --allow-host and this name",
            )
        for origin in origins:  # another port of this machine is somebody else
            if authority(origin.partition("://")[2]) != authority(hosts[0]):
                raise PermissionDenied(
                    "Cross-origin request refused", field="Origin", remedy="call this server from its own pages"
                )
