"""Users, their groups and tokens, workspaces and their quotas: values, and the rules of their names."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from assay.core.roles import Grant, Role
from assay.wire.errors import InvalidInput, QuotaExceeded

NAME_BOUND = 100
NAME = re.compile(r"[\w.@+-]+\Z")
GROUP_NAME = re.compile(r"[\w.@+-]+(?:[ /:][\w.@+-]+)*\Z")  # identity providers have paths and spaces in theirs
WORKSPACE_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
TOKEN_DAYS = 90.0  # that a token lasts unless told otherwise
TOKEN_DAYS_BOUND = 3_660.0
RESERVED = frozenset({"local", "home"})  # what the audit chain calls who is no user


class UserKind(StrEnum):
    """Who has an account."""

    PERSON = "person"
    SERVICE = "service"  # a program: it has tokens, and no password


class Origin(StrEnum):
    """Who says that somebody is a member of a group."""

    MANUAL = "manual"
    OIDC = "oidc"  # the identity provider, at each login


@dataclass(frozen=True, slots=True)
class User:
    """An account. `name` is folded: the one that is compared."""

    id: int
    name: str
    shown_name: str
    email: str
    kind: UserKind
    is_admin: bool
    created_us: int
    disabled_us: int | None = None
    password: str | None = None  # its argon2 text
    failed_logins: int = 0
    locked_until_us: int | None = None


@dataclass(frozen=True, slots=True)
class UserGroup:
    """A group of users."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Token:
    """What a user's program proves itself with. Only the digest of its secret is known.

    Attributes:
        id: Of the token.
        user_id: Whose.
        name: What its user calls it.
        cap: The highest role that it gives, wherever its user has a higher one.
        workspace_id: The only workspace that it is for; None: all.
        created_us: When it was made.
        expires_us: When it ends; None: never.
        last_used_us: When it was last used, to a minute or so; None: never.
        revoked_us: When it was revoked.
    """

    id: int
    user_id: int
    name: str
    cap: Role
    workspace_id: int | None
    created_us: int
    expires_us: int | None = None
    last_used_us: int | None = None
    revoked_us: int | None = None


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token that is known, and its user."""

    token: Token
    user: User


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace."""

    id: int
    name: str
    created_us: int


@dataclass(frozen=True, slots=True)
class Quota:
    """How much a workspace may hold; None: as much as there is room for."""

    runs: int | None = None
    points: int | None = None
    bytes: int | None = None
    keys: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """How much a workspace holds."""

    runs: int = 0
    points: int = 0
    bytes: int = 0
    keys: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """A grant with the name of whom it is for."""

    grant: Grant
    name: str


def fold(name: str) -> str:
    """The name as it is compared: one for all spellings that look alike by case or by composition."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def user_name(name: str) -> str:
    """The folded name of a user. Raises InvalidInput."""
    folded = _checked(name, NAME, "letters, digits and . @ + - _")
    if folded in RESERVED:
        raise InvalidInput(f"The name {folded!r} is reserved", field="name", remedy="choose another name")
    return folded


def group_name(name: str) -> str:
    """The folded name of a group. Raises InvalidInput."""
    return _checked(name, GROUP_NAME, "letters, digits and . @ + - _, with single spaces, / or : between")


def _checked(name: str, pattern: re.Pattern[str], what: str) -> str:
    if len(name) > NAME_BOUND:
        raise InvalidInput(
            f"The name has {len(name)} characters", field="name", bound=NAME_BOUND, remedy="choose a shorter name"
        )
    folded = fold(name)
    if not pattern.match(folded):
        raise InvalidInput(f"{name[:100]!r} is no name", field="name", remedy=f"use {what}")
    return folded


def workspace_name(name: str) -> str:
    """The name of a workspace. Raises InvalidInput."""
    if not WORKSPACE_NAME.match(name):
        raise InvalidInput(
            f"{name[:100]!r} is no name of a workspace",
            field="name",
            bound=63,
            remedy="use 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end",
        )
    return name


def exceeded(kind: str, held: int, bound: int) -> QuotaExceeded:
    """The refusal of what would pass a quota."""
    return QuotaExceeded(
        f"The workspace holds {held} of {bound} {kind}",
        field=kind,
        bound=bound,
        remedy="delete and purge what is not needed, or ask an admin of the server for a larger quota",
    )
