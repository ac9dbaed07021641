"""Workspaces of /api/v1: who is a member as what, and how much one may hold."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from assay.core import accounts
from assay.core.roles import Grant, SubjectKind, Verb
from assay.dialects.native.table import Call, Made, NoQuery, Route
from assay.dialects.rules import ANYBODY, PARAMETER, Place, may
from assay.services.workspaces import QUOTA_BOUND
from assay.wire.errors import AlreadyExists, InvalidInput, NotFound

MEMBERS = may(Verb.MEMBERS, "workspace", Place.PATH)
Count = Annotated[int, msgspec.Meta(ge=0, le=QUOTA_BOUND)]


class Workspace(msgspec.Struct):
    """A workspace, and the caller's role in it."""

    name: str
    role: str
    created_us: int


class Workspaces(msgspec.Struct):
    """The workspaces in which the caller has a role, by name."""

    workspaces: list[Workspace]


class NewWorkspace(msgspec.Struct, forbid_unknown_fields=True):
    """A workspace to make."""

    name: str


class Member(msgspec.Struct, omit_defaults=True):
    """A role of a user or group, in the workspace or in one of its experiments."""

    name: str
    kind: SubjectKind
    role: str
    experiment_id: int | None = None


class Members(msgspec.Struct):
    """Who has which role in a workspace and its experiments."""

    members: list[Member]


class MemberChange(msgspec.Struct, forbid_unknown_fields=True):
    """Whose role changes: of a `user` or a `group`, in the workspace or in one experiment; null takes it away."""

    role: Literal["none", "viewer", "editor", "approver", "admin"] | None
    user: str | None = None
    group: str | None = None
    experiment_id: int | None = None


class Quota(msgspec.Struct, forbid_unknown_fields=True):
    """How much a workspace may hold: runs, points, bytes of files, and names of keys; null: without a bound."""

    runs: Count | None = None
    points: Count | None = None
    bytes: Count | None = None
    keys: Count | None = None


class Usage(msgspec.Struct):
    """How much a workspace holds."""

    runs: int
    points: int
    bytes: int
    keys: int


class Holding(msgspec.Struct):
    """How much a workspace may hold, and how much it holds."""

    quota: Quota
    usage: Usage


def workspaces(call: Call[NoQuery, None]) -> Workspaces:
    """The workspaces in which the caller has a role, by name."""
    found = call.services.workspaces.all(call.scope)
    return Workspaces([_told(call, item) for item in found])


def _told(call: Call[Any, Any], item: accounts.Workspace) -> Workspace:
    return Workspace(item.name, call.scope.actor.role_in(item.id).word, item.created_us)


def make(call: Call[NoQuery, NewWorkspace]) -> Made:
    """Makes a workspace, in which nobody has a role yet but the admins of the server."""
    return Made(_told(call, call.services.workspaces.create(call.scope, call.body.name)))


def one(call: Call[NoQuery, None]) -> Workspace:
    """A workspace by name."""
    return _told(call, call.services.workspaces.by_name(call.scope, call.request.path_params[PARAMETER]))


def members(call: Call[NoQuery, Any]) -> Members:
    """Who has which role in a workspace and its experiments."""
    found = call.services.workspaces.members(call.scope)
    return Members([_member(item.grant, item.name) for item in found])


def _member(grant: Grant, name: str) -> Member:
    return Member(name, grant.kind, grant.role.word, grant.experiment_id)


def change(call: Call[NoQuery, MemberChange]) -> Members:
    """Gives a user or group a role in a workspace, narrows it in an experiment, or takes it away."""
    body, services = call.body, call.services.workspaces
    if (body.user is None) == (body.group is None):
        raise InvalidInput("Say whose role", field="user", remedy="name either a user or a group")
    kind, name = (SubjectKind.USER, body.user) if body.user is not None else (SubjectKind.GROUP, body.group or "")
    if body.role is None:
        services.ungrant(call.scope, kind, name, body.experiment_id)
    else:
        services.grant(call.scope, kind, name, body.role, body.experiment_id)
    return members(call)


def quota(call: Call[NoQuery, Any]) -> Holding:
    """How much a workspace may hold, and how much it holds."""
    bound, held = call.services.workspaces.quota(call.scope)
    return Holding(
        Quota(bound.runs, bound.points, bound.bytes, bound.keys), Usage(held.runs, held.points, held.bytes, held.keys)
    )


def set_quota(call: Call[NoQuery, Quota]) -> Holding:
    """Sets how much a workspace may hold. What it holds already stays."""
    body = call.body
    call.services.workspaces.set_quota(call.scope, accounts.Quota(body.runs, body.points, body.bytes, body.keys))
    return quota(call)


TABLE = [
    Route("GET", "workspaces", workspaces, ANYBODY, answer=Workspaces),
    Route(
        "POST",
        "workspaces",
        make,
        may(Verb.MANAGE, "workspace"),
        body=NewWorkspace,
        answer=Workspace,
        makes=True,
        errors=(AlreadyExists,),
    ),
    Route("GET", "workspaces/{workspace}", one, may(Verb.READ, "workspace", Place.PATH), answer=Workspace),
    Route("GET", "workspaces/{workspace}/members", members, MEMBERS, answer=Members),
    Route(
        "PATCH",
        "workspaces/{workspace}/members",
        change,
        MEMBERS,
        body=MemberChange,
        answer=Members,
        errors=(NotFound,),
    ),
    Route("GET", "workspaces/{workspace}/quota", quota, MEMBERS, answer=Holding),
    Route(
        "PUT",
        "workspaces/{workspace}/quota",
        set_quota,
        may(Verb.MANAGE, "quota", Place.PATH),
        body=Quota,
        answer=Holding,
    ),
]
