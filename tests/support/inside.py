"""The application of a house in this process, asked without a network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode

from assay.core.scope import HOME as OWNER
from assay.core.scope import Scope
from assay.server.app import create_app
from assay.server.compose import Server, open_house
from assay.server.guard import LOOPBACK
from assay.server.home import Home
from support.server import Answer

ROOT = Scope(actor=OWNER)
PATIENCE_S = 30.0


class Inside:
    """Asks the application; an answer without an end is cut after its first piece.

    Attributes:
        house: The server's parts.
        app: The application, as it is served.
    """

    def __init__(self, house: Server) -> None:
        self.house = house
        self.app: Any = create_app(house, LOOPBACK, lambda: None)
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        """Ends the loop."""
        self._loop.close()

    @property
    def routes(self) -> list[Any]:
        """All routes that are served."""
        found = self.app
        while not hasattr(found, "routes"):
            found = found._app
        return list(found.routes)

    def ask(
        self, method: str, path: str, body: Any = None, token: str | None = None, headers: Any = None, **query: Any
    ) -> Answer:
        """The answer; a body that is not bytes is sent as JSON."""
        return self._loop.run_until_complete(
            asyncio.wait_for(self._ask(method, path, body, token, headers or {}, query), PATIENCE_S)
        )

    async def _ask(self, method: str, path: str, body: Any, token: str | None, headers: Any, query: Any) -> Answer:
        sent = {"host": "127.0.0.1", **headers}
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("content-type", "application/json")
        path, _, asked = path.partition("?")
        messages = [{"type": "http.request", "body": body or b"", "more_body": False}]
        status, told, pieces, ended = 0, {}, [], asyncio.Event()

        async def receive() -> Any:
            if messages:
                return messages.pop()
            await ended.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            nonlocal status, told
            if message["type"] == "http.response.start":
                status, told = message["status"], {k.decode(): v.decode() for k, v in message["headers"]}
                return
            pieces.append(message.get("body", b""))
            if "text/event-stream" in told.get("content-type", ""):
                ended.set()

        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": quote(path).encode(),
            "root_path": "",
            "query_string": (asked or urlencode(query, doseq=True)).encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        await self.app(scope, receive, send)
        return Answer(status, told, b"".join(pieces))

    def user(self, name: str, is_admin: bool = False, **roles: str) -> str:
        """A new user who has these roles by workspace (`_` for `-`); a token of his."""
        services = self.house.services
        services.accounts.create(ROOT, name, is_admin=is_admin)
        for workspace, role in roles.items():
            self.grant(name, workspace.replace("_", "-"), role)
        return self.token(name)

    def token(self, user: str, **given: Any) -> str:
        """A new token of a user."""
        names = len(self.house.services.accounts.tokens(ROOT, user))
        return self.house.services.accounts.create_token(ROOT, f"t{names}", user=user, **given).secret

    def scope(self, workspace: str) -> Scope:
        """The owner of the home, in this workspace, which is made if it is new."""
        services = self.house.services
        known = {item.name: item.id for item in services.workspaces.all(ROOT)}
        id = known.get(workspace) or services.workspaces.create(ROOT, workspace).id
        return Scope(id, OWNER)

    def grant(self, user: str, workspace: str, role: str, experiment_id: int | None = None) -> None:
        """The user has this role there."""
        from assay.core.roles import SubjectKind

        scope = self.scope(workspace)
        self.house.services.workspaces.grant(scope, SubjectKind.USER, user, role, experiment_id)


@contextmanager
def opened(folder: Path, store: str | None = None) -> Iterator[Inside]:
    """The application over an empty home."""
    house = open_house(Home(folder), store)
    inside = Inside(house)
    try:
        yield inside
    finally:
        house.close()
        inside.close()
