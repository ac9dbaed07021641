"""Users, groups and tokens of /api/v1, and who the caller is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from assay.core import accounts
from assay.core.accounts import TOKEN_DAYS, UserKind
from assay.core.scope import Verb
from assay.dialects.native.table import Call, Made, NoQuery, Route
from assay.dialects.rules import ANYBODY, may
from assay.services.accounts import PAGE_BOUND, Membership
from assay.wire.errors import AlreadyExists, InvalidInput, NotFound, RuleViolation

USERS, GROUPS = may(Verb.MANAGE, "user"), may(Verb.MANAGE, "group")


class Me(msgspec.Struct):
    """Who the caller is: his name, how we know, whether he is an admin of the server, his roles by workspace."""

    name: str
    how: str
    is_user: bool
    is_admin: bool
    roles: dict[str, str]


class User(msgspec.Struct, omit_defaults=True):
    """A user: `name` is the one that is compared. Groups are told where one user is asked for."""

    name: str
    shown_name: str
    email: str
    kind: UserKind
    is_admin: bool
    created_us: int
    disabled_us: int | None = None
    has_password: bool = False
    groups: list[str] | None = None


class Users(msgspec.Struct):
    """A page of users, by name."""

    users: list[User]
    next_page_token: str | None


class Invitation(msgspec.Struct):
    """A link by which a user sets a password; a path where the server does not know its own address."""

    url: str


class NewUser(msgspec.Struct, forbid_unknown_fields=True):
    """A user to make."""

    name: str
    shown_name: str = ""
    email: str = ""
    kind: UserKind = UserKind.PERSON
    is_admin: bool = False


class UserChange(msgspec.Struct, forbid_unknown_fields=True):
    """What changes of a user; what is absent stays."""

    disabled: bool | None = None
    is_admin: bool | None = None


class NameQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which page."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=PAGE_BOUND)] = 100
    page_token: str = ""


class Groups(msgspec.Struct):
    """A page of groups, by name."""

    groups: list[str]
    next_page_token: str | None


class NewGroup(msgspec.Struct, forbid_unknown_fields=True):
    """A group to make."""

    name: str


class GroupMember(msgspec.Struct):
    """A member, and who says so: `manual`, or `oidc` (the identity provider)."""

    name: str
    origin: str


class Group(msgspec.Struct):
    """A group with its members, by name."""

    name: str
    members: list[GroupMember]


class GroupMembers(msgspec.Struct, forbid_unknown_fields=True):
    """Who comes in, or who goes."""

    group: str
    add: list[str] = []
    remove: list[str] = []


class GroupChange(msgspec.Struct, forbid_unknown_fields=True):
    """The group that is removed."""

    name: str


class Removed(msgspec.Struct):
    """It is gone."""


class TokenQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Whose tokens; the caller's own without."""

    user: str | None = None


class NewToken(msgspec.Struct, forbid_unknown_fields=True):
    """A token to make, of the caller or of another user; `days` null: it does not end by itself."""

    name: str
    user: str | None = None
    cap: Literal["viewer", "editor", "approver", "admin"] = "admin"
    workspace: str | None = None
    days: float | None = TOKEN_DAYS


class Token(msgspec.Struct, omit_defaults=True):
    """A token. Its `secret` is told once, when it is made."""

    id: str
    name: str
    cap: str
    workspace: str | None
    created_us: int
    expires_us: int | None = None
    last_used_us: int | None = None
    revoked_us: int | None = None
    secret: str | None = None


class Tokens(msgspec.Struct):
    """Tokens of a user, the newest first."""

    tokens: list[Token]


def me(call: Call[NoQuery, None]) -> Me:
    """Who the caller is, and what he may in which workspace."""
    actor = call.scope.actor
    roles = {item.name: actor.role_in(item.id).word for item in call.services.workspaces.all(call.scope)}
    return Me(actor.name, actor.how.value, actor.id != 0, actor.is_admin, roles)


def _user(found: accounts.User, groups: list[str] | None = None) -> User:
    return User(
        found.name,
        found.shown_name,
        found.email,
        found.kind,
        found.is_admin,
        found.created_us,
        found.disabled_us,
        found.password is not None,
        groups,
    )


def users(call: Call[NameQuery, None]) -> Users:
    """A page of users, by name."""
    found = call.services.accounts.users(call.scope, call.query.page_token, call.query.limit)
    return Users([_user(item) for item in found], found[-1].name if len(found) == call.query.limit else None)


def make_user(call: Call[NoQuery, NewUser]) -> Made:
    """Makes a user, who has no role anywhere yet. With the first one, the server asks everybody who he is."""
    body = call.body
    made = call.services.accounts.create(
        call.scope, body.name, shown_name=body.shown_name, email=body.email, kind=body.kind, is_admin=body.is_admin
    )
    return Made(_user(made, []))


def user(call: Call[NoQuery, Any]) -> User:
    """A user by name; everybody may read himself."""
    found, groups = call.services.accounts.user(call.scope, call.id)
    return _user(found, [group.name for group in groups])


def change_user(call: Call[NoQuery, UserChange]) -> User:
    """Disables a user, enables him again, or makes him an admin of the server."""
    if call.body.disabled is not None:
        call.services.accounts.set_disabled(call.scope, call.id, disabled=call.body.disabled)
    if call.body.is_admin is not None:
        call.services.accounts.set_admin(call.scope, call.id, is_admin=call.body.is_admin)
    return user(call)


def invite(call: Call[NoQuery, None]) -> Made:
    """Makes a link by which a user sets a password, good once and for a day; earlier ones are void."""
    return Made(Invitation(call.services.logins.link(call.services.logins.invite(call.scope, call.id))))


def groups(call: Call[NameQuery, None]) -> Groups:
    """A page of the names of groups."""
    found = call.services.accounts.groups(call.scope, call.query.page_token, call.query.limit)
    names = [item.name for item in found]
    return Groups(names, names[-1] if len(names) == call.query.limit else None)


def make_group(call: Call[NoQuery, NewGroup]) -> Made:
    """Makes a group without members."""
    return Made(Group(call.services.accounts.create_group(call.scope, call.body.name).name, []))


def _group(found: Membership) -> Group:
    return Group(found.group.name, [GroupMember(one.name, origin.value) for one, origin in found.members])


def group(call: Call[NoQuery, None]) -> Group:
    """A group with its members, by name."""
    return _group(call.services.accounts.group(call.scope, call.request.path_params["id"]))


def change_members(call: Call[NoQuery, GroupMembers]) -> Group:
    """Adds users to a group, and takes users out of it."""
    if not (call.body.add or call.body.remove):
        raise InvalidInput("Nobody is named", field="add", remedy="name users to add or remove")
    for names, member in ((call.body.add, True), (call.body.remove, False)):
        for name in names:
            found = call.services.accounts.set_member(call.scope, call.body.group, name, member=member)
    return _group(found)


def remove_group(call: Call[NoQuery, GroupChange]) -> Removed:
    """Removes a group, and the roles that it gave."""
    call.services.accounts.remove_group(call.scope, call.body.name)
    return Removed()


def _told(call: Call[Any, Any], tokens: list[accounts.Token], secret: str | None = None) -> list[Token]:
    names = {item.id: item.name for item in call.services.workspaces.all(call.scope)}
    return [
        Token(
            str(item.id),
            item.name,
            item.cap.word,
            None if item.workspace_id is None else names.get(item.workspace_id, f"#{item.workspace_id}"),
            item.created_us,
            item.expires_us,
            item.last_used_us,
            item.revoked_us,
            secret,
        )
        for item in tokens
    ]


def tokens(call: Call[TokenQuery, None]) -> Tokens:
    """The tokens of the caller, or for an admin of the server, of another user."""
    return Tokens(_told(call, call.services.accounts.tokens(call.scope, call.query.user)))


def make_token(call: Call[NoQuery, NewToken]) -> Made:
    """Makes a token. Its secret is in this answer and nowhere else."""
    body = call.body
    made = call.services.accounts.create_token(
        call.scope, body.name, user=body.user, cap=body.cap, workspace=body.workspace, days=body.days
    )
    return Made(_told(call, [made.token], made.secret)[0])


def revoke_token(call: Call[NoQuery, None]) -> Token:
    """Ends a token of the caller (`current`: the one of this request), or for an admin of the server, of anybody.

    Doing so twice is fine.
    """
    id = call.scope.actor.token_id if call.id == "current" else call.number
    if id is None:
        raise InvalidInput("The request came by no token", field="id", remedy="give the number of a token")
    return _told(call, [call.services.accounts.revoke_token(call.scope, id)])[0]


TABLE = [
    Route("GET", "me", me, ANYBODY, answer=Me),
    Route("GET", "users", users, USERS, query=NameQuery, answer=Users),
    Route("POST", "users", make_user, USERS, body=NewUser, answer=User, makes=True, errors=(AlreadyExists,)),
    Route("GET", "users/{id}", user, ANYBODY, answer=User),
    Route("PATCH", "users/{id}", change_user, USERS, body=UserChange, answer=User, errors=(RuleViolation,)),
    Route(
        "POST",
        "users/{id}/invitations",
        invite,
        USERS,
        answer=Invitation,
        makes=True,
        errors=(NotFound, RuleViolation),
    ),
    Route("GET", "groups", groups, GROUPS, query=NameQuery, answer=Groups),
    Route("POST", "groups", make_group, GROUPS, body=NewGroup, answer=Group, makes=True, errors=(AlreadyExists,)),
    Route("GET", "groups/{id:path}", group, GROUPS, answer=Group),
    Route("POST", "group-members", change_members, GROUPS, body=GroupMembers, answer=Group, errors=(NotFound,)),
    Route("POST", "group-removals", remove_group, GROUPS, body=GroupChange, answer=Removed, errors=(NotFound,)),
    Route("GET", "tokens", tokens, ANYBODY, query=TokenQuery, answer=Tokens, errors=(NotFound,)),
    Route(
        "POST",
        "tokens",
        make_token,
        ANYBODY,
        body=NewToken,
        answer=Token,
        makes=True,
        errors=(NotFound, RuleViolation),
    ),
    Route("DELETE", "tokens/{id}", revoke_token, ANYBODY, answer=Token),
]
