"""Coming in by a token: the home's, or one of a user. Only digests are kept and compared."""

from __future__ import annotations

from hashlib import sha256

from anyio.to_thread import run_sync
from starlette.types import Scope as AsgiScope

from assay.core.scope import HOME, Actor
from assay.services.access import AccessService, State

PREFIX = b"assay-"


class BearerTokens:
    """`Authorization: Bearer assay-...`. Other schemes and other servers' tokens are not ours: they prove nothing.

    Args:
        access: What knows of users' tokens.
        home_token: The home's token, of which only a digest is kept.
    """

    header = b"authorization"

    def __init__(self, access: AccessService, home_token: str) -> None:
        self._access = access
        self._home = sha256(home_token.encode()).hexdigest()

    async def actor(self, scope: AsgiScope, state: State) -> Actor | None:
        """Whose token it is. Raises Unauthenticated for one that is not valid."""
        for name, value in scope["headers"]:
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                token = value[7:].strip()
                if token.startswith(PREFIX):
                    return await self._known(sha256(token).hexdigest())
        return None

    async def _known(self, digest: str) -> Actor:
        if digest == self._home:  # of digests: the time that it takes says nothing of the token
            return HOME
        found = self._access.remembered(digest)
        if found is None:
            found = await run_sync(self._access.by_token, digest)
        if found.refusal is not None:
            raise found.refusal.with_traceback(None)  # it is kept: with each raise it would hold more frames
        assert found.actor is not None
        return found.actor
