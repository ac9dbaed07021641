"""Who comes in, as every request asks it: answers are remembered until something about accounts changes anywhere.

Every change raises one counter in its transaction (`Accounts.version`). It is read at most once a second, so that what
is remembered is forgotten within about a second on every replica, and at once in the process that made the change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from assay.core.accounts import Quota, User
from assay.core.roles import Role, standing
from assay.core.scope import Actor, How, made
from assay.ports.store import Store, UnitOfWork
from assay.services.base import Service
from assay.wire.errors import AssayError, Unauthenticated

EVERY_S = 1.0
USED_EVERY_S = 60.0  # how exact the last use of a token is
KNOWN_BOUND = 10_000  # digests that are remembered, also of tokens that are none


@dataclass(frozen=True, slots=True)
class State:
    """What every request needs to know of the house. `workspaces`: their numbers by their names."""

    version: int = -1
    has_users: bool = True
    workspaces: Mapping[str, int] = field(default_factory=dict)
    quotas: Mapping[int, Quota] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Admission:
    """Who comes in by something, or why nobody does; until the time at which it ends."""

    actor: Actor | None
    refusal: AssayError | None = None
    until_us: int | None = None


class AccessService(Service):
    """Looks up who comes in.

    Args:
        store: Which knows.
        clock_s: A clock that never goes back.
        now_us: The server's clock.
    """

    def __init__(self, store: Store, clock_s: Callable[[], float], now_us: Callable[[], int]) -> None:
        super().__init__(store)
        self._clock_s = clock_s
        self._now_us = now_us
        self._lock = Lock()
        self._state = State()
        self._fresh_until_s = float("-inf")
        self._changes = 0  # in this process
        self._known: dict[str, Admission] = {}
        self._used: set[int] = set()
        self._used_told_s = clock_s()

    @property
    def state(self) -> State:
        """The house as it was when `refresh` was last called."""
        return self._state

    @property
    def fresh(self) -> bool:
        """Whether the state need not be read again yet."""
        return self._clock_s() < self._fresh_until_s

    def forget(self) -> None:
        """Something has changed: what is remembered is read again before it is used."""
        with self._lock:
            self._changes += 1
            self._fresh_until_s = float("-inf")

    def refresh(self) -> State:
        """The house as it is now; what is remembered is forgotten if something changed. Raises Unavailable."""
        changes = self._changes
        with self._store.read() as unit:
            version = unit.accounts.version()
            state = self._state if version == self._state.version else _read(unit, version)
        with self._lock:
            if state is not self._state:
                self._state = state
                self._known = {}
            if changes == self._changes:
                self._fresh_until_s = self._clock_s() + EVERY_S
        self._tell_used()
        return state

    def remembered(self, digest: str) -> Admission | None:
        """Who comes in by the token of this digest, if that is remembered. For a state that is fresh."""
        found = self._known.get(digest)
        if found is None or (found.until_us is not None and found.until_us <= self._now_us()):
            return None
        self._note(found)
        return found

    def by_token(self, digest: str) -> Admission:
        """Who comes in by the token of this digest (SHA-256, hex): one read, and it is remembered."""
        known = self._known  # that of another state is thrown away
        with self._store.read() as unit:
            found = self._by_token(unit, digest)
        with self._lock:
            while len(known) >= KNOWN_BOUND:
                known.pop(next(iter(known)), None)
            known[digest] = found
        self._note(found)
        return found

    def _by_token(self, unit: UnitOfWork, digest: str) -> Admission:
        bearer = unit.tokens.find(digest)
        if bearer is None:
            return _refused("The token is not known here", "make a new one with: assay tokens create")
        token, user = bearer.token, bearer.user
        if token.revoked_us is not None:
            return _refused(f"The token {token.name!r} was revoked", "make a new one with: assay tokens create")
        if token.expires_us is not None and token.expires_us <= self._now_us():
            return _refused(f"The token {token.name!r} has expired", "make a new one with: assay tokens create")
        if user.disabled_us is not None:
            return _disabled()
        found = standing(
            unit.grants.of_user(user.id), is_admin=user.is_admin, cap=token.cap, workspace_id=token.workspace_id
        )
        limited = token.cap is not Role.ADMIN or token.workspace_id is not None
        return Admission(made(user.name, How.TOKEN, user.id, found, token.id, limited=limited), None, token.expires_us)

    def by_user(self, user: User, how: How) -> Admission:
        """What the user may, who has proved himself otherwise than by a token."""
        if user.disabled_us is not None:
            return _disabled()
        with self._store.read() as unit:
            grants = unit.grants.of_user(user.id)
        return Admission(made(user.name, how, user.id, standing(grants, is_admin=user.is_admin)))

    def _note(self, found: Admission) -> None:
        if found.actor is not None and found.actor.token_id is not None:
            self._used.add(found.actor.token_id)

    def _tell_used(self) -> None:
        """Tokens that were used since it was last told have that stored, now and then."""
        now_s = self._clock_s()
        with self._lock:
            if not self._used or now_s - self._used_told_s < USED_EVERY_S:
                return
            used, self._used, self._used_told_s = list(self._used), set(), now_s
        self._store.write(lambda unit: unit.tokens.used(used))


def _read(unit: UnitOfWork, version: int) -> State:
    workspaces = {item.name: item.id for item in unit.workspaces.all()}
    return State(version, unit.accounts.any(), workspaces, unit.workspaces.quotas())


def _refused(message: str, remedy: str) -> Admission:
    return Admission(None, Unauthenticated(message, field="Authorization", remedy=remedy))


def _disabled() -> Admission:
    error = Unauthenticated("The account is disabled", field="Authorization", remedy="ask an admin of the server")
    return Admission(None, error)
