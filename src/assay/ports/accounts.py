"""Who may use the server, as the small stores that a unit of work holds of it; see `assay.ports.aggregates`.

Accounts belong to the server, not to a workspace: these methods take no Scope, and services ask `allow` before.
Every method that changes what somebody may raises `Accounts.version` once in its unit: caches compare it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from assay.core.accounts import Bearer, Member, Origin, Quota, Token, Usage, User, UserGroup, UserKind, Workspace
from assay.core.roles import Grant, Role, SubjectKind
from assay.core.scope import Scope


class Accounts(Protocol):
    """Users."""

    def version(self) -> int:
        """A number that is higher after every change of what somebody may."""
        ...

    def any(self) -> bool:
        """Whether there are users at all."""
        ...

    def add(self, name: str, *, shown_name: str, email: str, kind: UserKind, is_admin: bool) -> User:
        """Stores a new user. Raises AlreadyExists for a taken name."""
        ...

    def get(self, id: int) -> User: ...

    def by_name(self, name: str) -> User:
        """The user of this folded name. Raises NotFound."""
        ...

    def lock(self, name: str) -> User:
        """As `by_name`; nobody else changes this account until the unit ends."""
        ...

    def page(self, after: str, limit: int) -> list[User]:
        """Users by name, from the one after this name on."""
        ...

    def admins(self) -> int:
        """How many admins of the server are not disabled; nobody else changes that until the unit ends."""
        ...

    def set_admin(self, id: int, *, is_admin: bool) -> None: ...

    def set_disabled(self, id: int, *, disabled: bool) -> None:
        """The user may not come in any more, or may again."""
        ...

    def set_password(self, id: int, password: str | None) -> None:
        """The argon2 text of the password; None: there is none. Failures are forgotten."""
        ...

    def set_failures(self, id: int, failed_logins: int, locked_until_us: int | None) -> None:
        """How many logins failed in a row. Does not raise the version: nobody may more or less."""
        ...


class UserGroups(Protocol):
    """Groups of users."""

    def add(self, name: str) -> UserGroup:
        """Stores a new group. Raises AlreadyExists for a taken name."""
        ...

    def by_name(self, name: str) -> UserGroup:
        """The group of this folded name. Raises NotFound."""
        ...

    def page(self, after: str, limit: int) -> list[UserGroup]:
        """Groups by name, from the one after this name on."""
        ...

    def remove(self, id: int) -> None:
        """The group is gone, with its members and grants."""
        ...

    def join(self, id: int, user_id: int, origin: Origin) -> bool:
        """The user is a member; whether he was none before. One who was added by hand stays so."""
        ...

    def leave(self, id: int, user_id: int) -> bool:
        """The user is no member; whether he was one."""
        ...

    def members(self, id: int) -> list[tuple[User, Origin]]:
        """The members, by name."""
        ...

    def of_user(self, user_id: int) -> list[tuple[UserGroup, Origin]]:
        """The groups of a user, by name."""
        ...


class Grants(Protocol):
    """Roles of users and groups in workspaces and experiments."""

    def put(self, grant: Grant) -> Role | None:
        """The subject has this role there; the one that it had, if it had one."""
        ...

    def remove(self, workspace_id: int, experiment_id: int | None, kind: SubjectKind, subject_id: int) -> Role | None:
        """The subject has no role there of its own; the one that it had, if it had one."""
        ...

    def of_user(self, user_id: int) -> list[Grant]:
        """The grants of the user and of his groups."""
        ...

    def within(self, workspace_id: int) -> list[Member]:
        """All grants of the workspace and its experiments, by experiment, kind and name."""
        ...


class Tokens(Protocol):
    """Tokens of users."""

    def add(
        self, user_id: int, name: str, digest: str, *, cap: Role, workspace_id: int | None, expires_us: int | None
    ) -> Token:
        """Stores a new token by the SHA-256 (hex) of its secret."""
        ...

    def find(self, digest: str) -> Bearer | None:
        """The token of this digest and its user, whether they may still be used or not; None if there is none."""
        ...

    def get(self, id: int) -> Token: ...

    def of_user(self, user_id: int) -> list[Token]:
        """All tokens of the user, the newest first, revoked ones too."""
        ...

    def revoke(self, id: int) -> bool:
        """The token ends now; whether it had not ended before."""
        ...

    def used(self, ids: Sequence[int]) -> None:
        """The tokens were used now. Does not raise the version."""
        ...


class Workspaces(Protocol):
    """Workspaces and their quotas."""

    def add(self, name: str) -> Workspace:
        """Stores a new workspace under the next number. Raises AlreadyExists for a taken name."""
        ...

    def by_name(self, name: str) -> Workspace:
        """The workspace of this name. Raises NotFound."""
        ...

    def all(self) -> list[Workspace]:
        """All workspaces, by name."""
        ...

    def set_quota(self, workspace_id: int, quota: Quota) -> None: ...

    def quotas(self) -> dict[int, Quota]:
        """The quotas of workspaces that have one."""
        ...

    def check(self, workspace_id: int, kind: str, more: int) -> None:
        """Returns if the workspace may have so many more of a kind: `runs` or `keys`. Raises QuotaExceeded."""
        ...

    def usage(self, scope: Scope) -> Usage:
        """How much the workspace holds. Counting points takes long where there are very many."""
        ...
