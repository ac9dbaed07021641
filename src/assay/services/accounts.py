"""Use cases on users, groups and tokens. Each change stands in the audit chain of the default workspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

from assay.core.accounts import (
    NAME_BOUND,
    TOKEN_DAYS,
    TOKEN_DAYS_BOUND,
    Origin,
    Token,
    User,
    UserGroup,
    UserKind,
    fold,
    group_name,
    user_name,
)
from assay.core.audit import Act, Subject
from assay.core.roles import GRANTABLE, ROLES, Role, Verb
from assay.core.scope import Scope
from assay.ports.store import Store, UnitOfWork
from assay.services.access import AccessService
from assay.services.audit import record
from assay.services.base import Service, authorise, check_text
from assay.wire.errors import InvalidInput, NotFound, PermissionDenied, RuleViolation

T = TypeVar("T")
EMAIL_BOUND = 254
PAGE_BOUND = 1_000
DAY_US = 24 * 3_600 * 1_000_000
TOKENS_BOUND = 1_000  # of a user, revoked ones too


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token, and its secret, which is told only now."""

    token: Token
    secret: str


@dataclass(frozen=True, slots=True)
class Membership:
    """A group with its members."""

    group: UserGroup
    members: Sequence[tuple[User, Origin]]


def role_of(word: str, field: str = "role", known: Sequence[str] = GRANTABLE) -> Role:
    """The role of this word. Raises InvalidInput."""
    if word not in known:
        raise InvalidInput(f"{word[:100]!r} is no role", field=field, remedy=f"give {', '.join(known)}")
    return ROLES[word]


class AccountService(Service):
    """Users, groups, tokens.

    Args:
        store: Where they are.
        new_salt: Salts of audit records.
        new_secret: Secrets of tokens: assay- and 43 signs.
        access: Which forgets what it remembers after a change.
    """

    def __init__(
        self, store: Store, new_salt: Callable[[], bytes], new_secret: Callable[[], str], access: AccessService
    ) -> None:
        super().__init__(store)
        self._new_salt = new_salt
        self._new_secret = new_secret
        self._access = access

    def _change(self, work: Callable[[UnitOfWork], T]) -> T:
        try:
            return self._store.write(work)
        finally:
            self._access.forget()

    def _record(
        self, unit: UnitOfWork, scope: Scope, act: Act, subjects: Sequence[Subject], detail: Mapping[str, Any]
    ) -> None:
        record(unit, Scope(actor=scope.actor), act, subjects, detail, self._new_salt())

    def create(
        self,
        scope: Scope,
        name: str,
        *,
        shown_name: str = "",
        email: str = "",
        kind: UserKind = UserKind.PERSON,
        is_admin: bool = False,
    ) -> User:
        """A new user, who has no role anywhere yet.

        Raises:
            AlreadyExists: The name is taken.
            InvalidInput: A name is none, or out of bounds.
        """
        authorise(scope, Verb.MANAGE, "user")
        folded = user_name(name)
        check_text("shown_name", shown_name, NAME_BOUND, blank=True)
        check_text("email", email, EMAIL_BOUND, blank=True)

        def work(unit: UnitOfWork) -> User:
            made = unit.accounts.add(folded, shown_name=shown_name or name, email=email, kind=kind, is_admin=is_admin)
            detail = {"name": folded, "kind": kind.value, "admin": is_admin}
            self._record(unit, scope, Act.USER_MAKE, [Subject("user", made.id)], detail)
            return made

        return self._change(work)

    def users(self, scope: Scope, after: str = "", limit: int = PAGE_BOUND) -> list[User]:
        """Users by name, from the one after this name on."""
        authorise(scope, Verb.MANAGE, "user")
        with self._store.read() as unit:
            return unit.accounts.page(fold(after), max(1, min(limit, PAGE_BOUND)))

    def user(self, scope: Scope, name: str) -> tuple[User, Sequence[UserGroup]]:
        """The user, and his groups; everybody may read himself. Raises NotFound."""
        with self._store.read() as unit:
            found = self._mine_or(unit, scope, name)
            return found, [group for group, _ in unit.user_groups.of_user(found.id)]

    def set_disabled(self, scope: Scope, name: str, *, disabled: bool) -> User:
        """The user may not come in any more, or may again. Raises NotFound, RuleViolation for the last admin."""
        authorise(scope, Verb.MANAGE, "user")

        def work(unit: UnitOfWork) -> User:
            one = unit.accounts.lock(fold(name))
            if (one.disabled_us is not None) == disabled:
                return one
            if disabled and one.is_admin:
                _check_not_last(unit)
            unit.accounts.set_disabled(one.id, disabled=disabled)
            if disabled:  # who is enabled again logs in again
                unit.sessions.end_of_user(one.id)
                unit.links.void(one.id)
            act = Act.USER_DISABLE if disabled else Act.USER_ENABLE
            self._record(unit, scope, act, [Subject("user", one.id)], {"name": one.name})
            return unit.accounts.get(one.id)

        return self._change(work)

    def set_admin(self, scope: Scope, name: str, *, is_admin: bool) -> User:
        """The user is an admin of the server, or is none any more. Raises NotFound, RuleViolation for the last one."""
        authorise(scope, Verb.MANAGE, "user")

        def work(unit: UnitOfWork) -> User:
            one = unit.accounts.lock(fold(name))
            if one.is_admin is is_admin:
                return one
            if not is_admin and one.disabled_us is None:
                _check_not_last(unit)
            unit.accounts.set_admin(one.id, is_admin=is_admin)
            detail = {"name": one.name, "admin": is_admin}
            self._record(unit, scope, Act.USER_ADMIN, [Subject("user", one.id)], detail)
            return unit.accounts.get(one.id)

        return self._change(work)

    def create_group(self, scope: Scope, name: str) -> UserGroup:
        """A new group without members. Raises AlreadyExists, InvalidInput."""
        authorise(scope, Verb.MANAGE, "group")
        folded = group_name(name)

        def work(unit: UnitOfWork) -> UserGroup:
            made = unit.user_groups.add(folded)
            self._record(unit, scope, Act.GROUP_MAKE, [Subject("user_group", made.id)], {"name": folded})
            return made

        return self._change(work)

    def groups(self, scope: Scope, after: str = "", limit: int = PAGE_BOUND) -> list[UserGroup]:
        """Groups by name, from the one after this name on."""
        authorise(scope, Verb.MANAGE, "group")
        with self._store.read() as unit:
            return unit.user_groups.page(fold(after), max(1, min(limit, PAGE_BOUND)))

    def group(self, scope: Scope, name: str) -> Membership:
        """The group with its members. Raises NotFound."""
        authorise(scope, Verb.MANAGE, "group")
        with self._store.read() as unit:
            found = unit.user_groups.by_name(fold(name))
            return Membership(found, unit.user_groups.members(found.id))

    def remove_group(self, scope: Scope, name: str) -> None:
        """The group is gone, with its members and grants. Raises NotFound."""
        authorise(scope, Verb.MANAGE, "group")

        def work(unit: UnitOfWork) -> None:
            found = unit.user_groups.by_name(fold(name))
            unit.user_groups.remove(found.id)
            self._record(unit, scope, Act.GROUP_REMOVE, [Subject("user_group", found.id)], {"name": found.name})

        self._change(work)

    def set_member(self, scope: Scope, group: str, user: str, *, member: bool) -> Membership:
        """The user is a member of the group, or is none. Raises NotFound."""
        authorise(scope, Verb.MANAGE, "group")

        def work(unit: UnitOfWork) -> Membership:
            place, one = unit.user_groups.by_name(fold(group)), unit.accounts.by_name(fold(user))
            changed = (
                unit.user_groups.join(place.id, one.id, Origin.MANUAL)
                if member
                else unit.user_groups.leave(place.id, one.id)
            )
            found = Membership(place, unit.user_groups.members(place.id))
            if changed:
                about = [Subject("user_group", place.id), Subject("user", one.id)]
                act = Act.GROUP_JOIN if member else Act.GROUP_LEAVE
                self._record(unit, scope, act, about, {"group": place.name, "user": one.name})
            return found

        return self._change(work)

    def create_token(
        self,
        scope: Scope,
        name: str,
        *,
        user: str | None = None,
        cap: str = "admin",
        workspace: str | None = None,
        days: float | None = TOKEN_DAYS,
    ) -> NewToken:
        """A new token of the actor himself, or of another user, which only an admin of the server makes.

        Args:
            scope: Who makes it.
            name: What its user calls it.
            user: Whose; None: the actor's own.
            cap: The highest role that it gives.
            workspace: The only workspace that it is for.
            days: How long it lasts; None: until it is revoked.

        Raises:
            PermissionDenied: The actor may not make this token.
            NotFound: No such user or workspace.
            InvalidInput: A name or number is out of bounds.
            RuleViolation: The user is disabled, has a token of this name, or too many.
        """
        check_text("name", name, NAME_BOUND)
        role = role_of(cap, "cap")
        if days is not None and not 0 < days <= TOKEN_DAYS_BOUND:
            raise InvalidInput(
                f"A token cannot last {days:g} days", field="days", bound=TOKEN_DAYS_BOUND, remedy="give fewer days"
            )
        secret = self._new_secret()

        def work(unit: UnitOfWork) -> NewToken:
            one = self._mine_or(unit, scope, user)
            if scope.actor.limited:
                raise PermissionDenied(
                    "A token that is limited makes no tokens",
                    field="Authorization",
                    remedy="use one without a cap and a workspace, or ask an admin of the server",
                )
            if one.disabled_us is not None:
                raise RuleViolation(f"The user {one.name!r} is disabled", field="user", remedy="enable the user first")
            _check_tokens(unit.tokens.of_user(one.id), name)
            place = None if workspace is None else self._seen(unit, scope, workspace)
            expires_us = None if days is None else unit.now_us() + int(days * DAY_US)
            digest = sha256(secret.encode()).hexdigest()
            made = unit.tokens.add(one.id, name, digest, cap=role, workspace_id=place, expires_us=expires_us)
            about = [Subject("token", made.id), Subject("user", one.id)]
            detail = {"name": name, "user": one.name, "cap": cap, "workspace": workspace, "expires_us": expires_us}
            self._record(unit, scope, Act.TOKEN_MAKE, about, detail)
            return NewToken(made, secret)

        return self._change(work)

    def tokens(self, scope: Scope, user: str | None = None) -> list[Token]:
        """The tokens of the actor, or of another user, the newest first. Raises NotFound."""
        if user is None and scope.actor.id == 0:  # who is no user has none
            return []
        with self._store.read() as unit:
            return unit.tokens.of_user(self._mine_or(unit, scope, user).id)

    def revoke_token(self, scope: Scope, id: int) -> Token:
        """The token ends now; doing so twice is fine. Raises NotFound, also for tokens of others."""

        def work(unit: UnitOfWork) -> Token:
            found = unit.tokens.get(id)
            if found.user_id != scope.actor.id and not scope.actor.is_admin:
                raise NotFound("There is no such token", field="token")
            if unit.tokens.revoke(id):
                about = [Subject("token", id), Subject("user", found.user_id)]
                self._record(unit, scope, Act.TOKEN_REVOKE, about, {"name": found.name})
            return unit.tokens.get(id)

        return self._change(work)

    def _mine_or(self, unit: UnitOfWork, scope: Scope, name: str | None) -> User:
        """The user named, who is the actor, or anybody if the actor is an admin of the server."""
        actor = scope.actor
        if name is None:
            if actor.id == 0:
                raise InvalidInput("The actor is no user", field="user", remedy="say whose with a user's name")
            return unit.accounts.get(actor.id)
        if fold(name) != actor.name or actor.id == 0:
            authorise(scope, Verb.MANAGE, "user")
        return unit.accounts.by_name(fold(name))

    @staticmethod
    def _seen(unit: UnitOfWork, scope: Scope, name: str) -> int:
        found = unit.workspaces.by_name(name)
        if not scope.actor.is_admin and scope.actor.role_in(found.id) is Role.NONE:
            raise NotFound(f"Workspace '{name}' not found", field="workspace")
        return found.id


def _check_not_last(unit: UnitOfWork) -> None:
    if unit.accounts.admins() <= 1:
        raise RuleViolation(
            "This is the last admin of the server", field="user", remedy="make another user an admin first"
        )


def _check_tokens(known: Sequence[Token], name: str) -> None:
    if any(token.name == name and token.revoked_us is None for token in known):
        raise RuleViolation(
            f"There is a token {name!r} already", field="name", remedy="revoke it first, or choose another name"
        )
    if len(known) >= TOKENS_BOUND:
        raise RuleViolation(
            f"The user had {len(known)} tokens", field="user", bound=TOKENS_BOUND, remedy="use a service account each"
        )
