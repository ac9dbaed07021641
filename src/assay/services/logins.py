"""How people come in: passwords, sessions of browsers, and links that are good for once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import TypeVar

from assay.core.accounts import User, UserKind, fold, user_name
from assay.core.audit import Act, Subject
from assay.core.logins import HOUR_US, LINK_US, Link, Opened, Purpose
from assay.core.passwords import MOST, check, locked_for_us, normal
from assay.core.roles import Verb
from assay.core.scope import HOME, Actor, How, Scope
from assay.ports.store import Store, UnitOfWork
from assay.services.access import AccessService
from assay.services.audit import record
from assay.services.base import Service, authorise
from assay.services.hashing import Hasher
from assay.wire.errors import InvalidInput, NotFound, PermissionDenied, RuleViolation

T = TypeVar("T")
SEEN_EVERY_US = 300 * 1_000_000  # how exact the last use of a session is
KNOWN_BOUND = 10_000  # sessions that are remembered


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long a session lasts: without a request, and whatever comes."""

    idle_us: int = 12 * HOUR_US
    whole_us: int = 168 * HOUR_US


@dataclass(slots=True)
class _Known:
    """A session that is remembered, for a version of the accounts."""

    version: int
    actor: Actor
    seen_us: int
    expires_us: int


def digest_of(secret: str) -> str:
    """What is stored of a secret."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class LoginService(Service):
    """Checks passwords, keeps sessions, makes and takes links.

    Args:
        store: Where they are.
        access: Which knows what users may, and forgets it after a change.
        hasher: Of passwords.
        new_salt: Salts of audit records.
        new_secret: Secrets: assay- and 43 signs, so that no log shows them.
        now_us: The server's clock.
        lasting: How long sessions last.
        base: The address of this server as browsers know it, for links; empty: whoever makes one knows it.
    """

    def __init__(
        self,
        store: Store,
        access: AccessService,
        hasher: Hasher,
        new_salt: Callable[[], bytes],
        new_secret: Callable[[], str],
        now_us: Callable[[], int],
        lasting: Lasting | None = None,
        base: Callable[[], str] = str,
    ) -> None:
        super().__init__(store)
        self._access = access
        self._hasher = hasher
        self._new_salt = new_salt
        self._new_secret = new_secret
        self._now_us = now_us
        self.lasting = lasting or Lasting()
        self._base = base
        self._lock = Lock()
        self._known: dict[str, _Known] = {}

    def verified(self, name: str, password: str) -> User | None:
        """The user of this name if this is the password and the account is open; else None, after the same work.

        A failure is counted. An account that is locked takes no password, also not the right one.
        """
        with self._store.read() as unit:
            user = _user(unit, name)
            now_us = unit.now_us()
        locked = user is not None and user.locked_until_us is not None and user.locked_until_us > now_us
        usable = user is not None and user.disabled_us is None and not locked
        stored = user.password if user is not None and usable else None
        right = self._hasher.verify(stored, normal(password[: MOST + 1]))
        if user is None or stored is None:
            return None
        if right and user.failed_logins:
            self._store.write(lambda unit: unit.accounts.set_failures(user.id, 0, None))
        if not right:
            self._store.write(lambda unit: _failed(unit, user.name))
        return user if right else None

    def current(self, user: User) -> User | None:
        """The user as he is now, if the password that he proved is still his and the account is open."""
        with self._store.read() as unit:
            now = _user(unit, user.name)
        if now is None or now.id != user.id or now.password != user.password or now.disabled_us is not None:
            return None
        return now

    def begin(self, user_id: int, how: How) -> str:
        """The secret of a new session of this user; 0: of the home's own reader."""
        secret = self._new_secret()

        def work(unit: UnitOfWork) -> None:
            unit.sessions.sweep(self.lasting.idle_us)
            unit.sessions.add(digest_of(secret), user_id, how, self.lasting.whole_us)

        self._store.write(work)
        return secret

    def remembered(self, secret: str, version: int) -> Actor | None:
        """Whose session it is, if that is known without asking the store."""
        known = self._known.get(digest_of(secret))
        if known is None or known.version != version:
            return None
        now_us = self._now_us()
        if now_us >= known.expires_us or now_us - known.seen_us >= SEEN_EVERY_US:
            return None
        return known.actor

    def by_session(self, secret: str, version: int) -> Actor | None:
        """Whose session it is, if it has not ended; then it is remembered, and that it was used is stored.

        Args:
            secret: Of the session.
            version: Of the accounts, as they were read before this.
        """
        digest = digest_of(secret)
        with self._store.read() as unit:
            found = unit.sessions.find(digest)
            now_us = unit.now_us()
            if found is None or now_us >= found.ends_us(self.lasting.idle_us):
                return None
            user = unit.accounts.get(found.user_id) if found.user_id else None
        actor = HOME
        if user is not None:
            admitted = self._access.by_user(user, found.how)
            if admitted.actor is None:
                return None
            actor = admitted.actor
        if now_us - found.seen_us >= SEEN_EVERY_US:
            self._store.write(lambda unit: unit.sessions.seen(digest))
        with self._lock:
            while len(self._known) >= KNOWN_BOUND:
                self._known.pop(next(iter(self._known)), None)
            self._known[digest] = _Known(version, actor, self._now_us(), found.expires_us)
        return actor

    def end(self, secret: str) -> None:
        """The session is over, everywhere within a second or two."""
        self._change(lambda unit: unit.sessions.end(digest_of(secret)))

    def first_admin_link(self) -> str | None:
        """The secret of a new link by which somebody becomes the first admin; None once there are users."""
        with self._store.read() as unit:
            if unit.accounts.any():
                return None
        secret = self._new_secret()
        self._store.write(lambda unit: unit.links.add(digest_of(secret), Purpose.FIRST_ADMIN, None, LINK_US))
        return secret

    def invite(self, scope: Scope, name: str) -> str:
        """The secret of a link by which the user sets a password; earlier ones are void.

        Raises:
            PermissionDenied: The actor is no admin of the server.
            NotFound: There is no such user.
            RuleViolation: The user is disabled, or a program.
        """
        authorise(scope, Verb.MANAGE, "user")
        secret = self._new_secret()

        def work(unit: UnitOfWork) -> None:
            user = unit.accounts.lock(fold(name))
            if user.kind is UserKind.SERVICE:
                raise RuleViolation(
                    f"{user.name!r} is a program, which has no password", field="user", remedy="make a token for it"
                )
            if user.disabled_us is not None:
                raise RuleViolation(f"The user {user.name!r} is disabled", field="user", remedy="enable the user first")
            unit.links.void(user.id)
            unit.links.add(digest_of(secret), Purpose.SET_PASSWORD, user.id, LINK_US)
            self._record(unit, scope, Act.USER_INVITE, user)

        self._store.write(work)
        return secret

    def link(self, secret: str) -> str:
        """Where the link of this secret is opened."""
        return f"{self._base()}/setup/{secret}"

    def opened(self, secret: str) -> Opened | None:
        """What the link is for, if it can still be used."""
        with self._store.read() as unit:
            found = unit.links.find(digest_of(secret))
            if found is None or not _usable(unit, found):
                return None
            return Opened(found.purpose, unit.accounts.get(found.user_id).name if found.user_id else None)

    def become_admin(self, secret: str, name: str, password: str) -> User:
        """The first user, an admin of the server, with this password. The link is used up.

        Raises:
            PermissionDenied: The link cannot be used.
            InvalidInput: The name or the password is not taken; the link is still good.
        """
        folded = user_name(name)
        hashed = self._hasher.hash(check(password, folded))

        def work(unit: UnitOfWork) -> User:
            unit.accounts.admins()  # of two who come at once, one waits
            self._take(unit, secret, Purpose.FIRST_ADMIN)
            made = unit.accounts.add(folded, shown_name=name, email="", kind=UserKind.PERSON, is_admin=True)
            unit.accounts.set_password(made.id, hashed)
            self._record(unit, Scope(actor=Actor(folded, How.LINK, made.id)), Act.FIRST_ADMIN, made)
            return unit.accounts.get(made.id)

        return self._change(work)

    def enter_as_home(self, secret: str) -> None:
        """The link is used up, by whoever may read the server's output: he governs as the home's token does.

        Raises:
            PermissionDenied: The link cannot be used.
        """
        self._store.write(lambda unit: self._take(unit, secret, Purpose.FIRST_ADMIN))

    def set_password(self, secret: str, password: str) -> User:
        """The user of the link has this password; the link is used up, and all sessions of the user are over.

        Raises:
            PermissionDenied: The link cannot be used.
            InvalidInput: The password is not taken; the link is still good.
        """
        found = self.opened(secret)
        hashed = self._hasher.hash(check(password, (found and found.name) or ""))

        def work(unit: UnitOfWork) -> User:
            link = self._take(unit, secret, Purpose.SET_PASSWORD)
            assert link.user_id is not None
            user = unit.accounts.get(link.user_id)
            self._replace(unit, Scope(actor=Actor(user.name, How.LINK, user.id)), user, hashed)
            return unit.accounts.get(user.id)

        return self._change(work)

    def change_password(self, scope: Scope, user: User, password: str) -> None:
        """The user, who has proved the old one, has this password; all his sessions are over.

        Raises:
            InvalidInput: The password is not taken.
        """
        hashed = self._hasher.hash(check(password, user.name))
        self._change(lambda unit: self._replace(unit, scope, user, hashed))

    def _replace(self, unit: UnitOfWork, scope: Scope, user: User, hashed: str) -> None:
        unit.accounts.set_password(user.id, hashed)
        unit.sessions.end_of_user(user.id)
        unit.links.void(user.id)
        self._record(unit, scope, Act.PASSWORD_SET, user)

    def _take(self, unit: UnitOfWork, secret: str, purpose: Purpose) -> Link:
        found = unit.links.take(digest_of(secret))
        if found is None or found.purpose is not purpose or not _usable(unit, found):
            raise PermissionDenied(
                "The link was used, has expired, or is none",
                field="link",
                remedy="restart the server, which prints a new one while there are no users; "
                "else ask an admin of the server for one",
            )
        return found

    def _record(self, unit: UnitOfWork, scope: Scope, act: Act, user: User) -> None:
        subjects = [Subject("user", user.id)]
        record(unit, Scope(actor=scope.actor), act, subjects, {"name": user.name}, self._new_salt())

    def _change(self, work: Callable[[UnitOfWork], T]) -> T:
        try:
            return self._store.write(work)
        finally:
            self._access.forget()


def _user(unit: UnitOfWork, name: str) -> User | None:
    try:
        return unit.accounts.by_name(user_name(name))
    except (InvalidInput, NotFound):
        return None


def _failed(unit: UnitOfWork, name: str) -> None:
    """One more failure in a row, which may lock the account."""
    user = unit.accounts.lock(name)
    failures = user.failed_logins + 1
    lock_us = locked_for_us(failures)
    unit.accounts.set_failures(user.id, failures, unit.now_us() + lock_us if lock_us else user.locked_until_us)


def _usable(unit: UnitOfWork, link: Link) -> bool:
    """Whether what the link is for can still be done."""
    if link.purpose is Purpose.FIRST_ADMIN:
        return not unit.accounts.any()
    if link.user_id is None:
        return False
    try:
        return unit.accounts.get(link.user_id).disabled_us is None
    except NotFound:
        return False
