"""Coming in by name and password with each request, as mlflow's client does."""

from __future__ import annotations

import base64
import binascii

from anyio.to_thread import run_sync
from starlette.types import Scope as AsgiScope

from assay.core.accounts import User
from assay.core.scope import Actor, How
from assay.server.auth.guessing import PasswordGate
from assay.services.access import AccessService, Admission, State
from assay.wire.errors import Unauthenticated


class BasicPasswords:
    """`Authorization: Basic ...`. On a server without users it is meant for another server, and proves nothing.

    Args:
        gate: What checks passwords.
        access: What knows what users may.
    """

    header = b"authorization"

    def __init__(self, gate: PasswordGate, access: AccessService) -> None:
        self._gate = gate
        self._access = access
        self._version = -1
        self._admissions: dict[int, Admission] = {}

    async def actor(self, scope: AsgiScope, state: State) -> Actor | None:
        """Whose name and password these are. Raises Unauthenticated, TooOften."""
        if not state.has_users:
            return None
        for name, value in scope["headers"]:
            if name == b"authorization" and value[:6].lower() == b"basic ":
                who, password = _pair(value[6:])
                client = (scope.get("client") or ("",))[0]
                user = await self._gate.user(who, password, client, state.version)
                found = await self._admitted(user, state.version)
                if found.refusal is not None:
                    raise found.refusal.with_traceback(None)  # it is kept: with each raise it would hold more frames
                return found.actor
        return None

    async def _admitted(self, user: User, version: int) -> Admission:
        """What the user may, read once for a version of the accounts."""
        if self._version != version:
            self._version, self._admissions = version, {}
        known = self._admissions
        if (found := known.get(user.id)) is None:
            found = await run_sync(self._access.by_user, user, How.PASSWORD)
            known[user.id] = found  # that of another version is thrown away
        return found


def _pair(value: bytes) -> tuple[str, str]:
    try:
        name, colon, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if not colon:
        raise Unauthenticated(
            "The header is no name and password",
            field="Authorization",
            remedy="set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
        )
    return name, password
