"""Who calls, as the rules of routes ask it: each way in is asked in order, the first that knows him answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from anyio.to_thread import run_sync
from starlette.types import Scope as AsgiScope

from assay.core.scope import LOCAL, Actor
from assay.services.access import AccessService, State
from assay.wire.errors import Unauthenticated

ROUNDS = 3  # of reading anew, while others make changes


class Way(Protocol):
    """One way in.

    Attributes:
        header: What a request that comes this way has, in lower case; others are not looked at.
    """

    header: bytes

    async def actor(self, scope: AsgiScope, state: State) -> Actor | None:
        """Who calls; None if the request does not come this way.

        Raises:
            Unauthenticated: It does, and proves nothing.
        """
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """A caller, and the house as he found it. See `assay.dialects.rules.Caller`."""

    actor: Actor
    state: State
    access: AccessService

    async def workspace(self, name: str) -> int | None:
        """The number of the workspace of this name; one that was made just now, on another replica, is found too."""
        found = self.state.workspaces.get(name)
        if found is None:
            found = (await run_sync(self.access.refresh)).workspaces.get(name)
        return found


class Chain:
    """Says who calls. See `assay.dialects.rules.Identify`.

    Args:
        access: What knows of users.
        ways: The ways in.
        is_open: Whether everybody may come in while there are no users.
    """

    def __init__(self, access: AccessService, ways: Sequence[Way], *, is_open: bool = True) -> None:
        self._access = access
        self._ways = ways
        self._headers = {way.header for way in ways}
        self._is_open = is_open
        self._refreshing: asyncio.Task[State] | None = None

    async def __call__(self, scope: AsgiScope) -> Known:
        """Who calls.

        Raises:
            Unauthenticated: Nobody that we know.
            Unavailable: The store cannot be asked.
        """
        access = self._access
        if not access.fresh:
            await self._refresh()
        state = access.state
        for way in self._asked(scope):
            if (actor := await way.actor(scope, state)) is not None:
                break
        else:
            if state.has_users or not self._is_open:
                raise Unauthenticated(
                    "This server asks who you are",
                    field="Authorization",
                    remedy="run: assay login URL; for mlflow set MLFLOW_TRACKING_TOKEN, "
                    "or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
                )
            actor = LOCAL
        scope["assay.actor"] = actor
        return Known(actor, state, access)

    def _asked(self, scope: AsgiScope) -> Sequence[Way]:
        """The ways by which the request may come, by what it has; mostly none, while there are no users."""
        for name, _ in scope["headers"]:
            if name in self._headers:
                said = {name for name, _ in scope["headers"]}
                return [way for way in self._ways if way.header in said]
        return ()

    async def _refresh(self) -> None:
        """The state is that of now, or of a second ago: all who wait for it read it once."""
        for _ in range(ROUNDS):
            if self._refreshing is None or self._refreshing.done():
                self._refreshing = asyncio.create_task(run_sync(self._access.refresh))
            await asyncio.shield(self._refreshing)
            if self._access.fresh:
                return
