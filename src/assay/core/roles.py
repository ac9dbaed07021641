"""Roles: what each allows, and what the grants of a user come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Verb(StrEnum):
    """What an actor wants to do."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"  # until it is restored: also to restore it
    SIGN = "sign"  # vouch for a model version
    PURGE = "purge"  # delete for good
    ERASE = "erase"  # details of the audit chain
    MEMBERS = "change the members of"
    COLLECT = "collect"  # garbage; this and what follows concern the whole server
    MANAGE = "manage"  # users, groups, workspaces, quotas, tokens of others
    RESTORE = "restore"
    SEAL = "seal"  # sign where a chain stands
    ROTATE = "rotate"


SERVER = frozenset({Verb.COLLECT, Verb.MANAGE, Verb.RESTORE, Verb.SEAL, Verb.ROTATE})


class Role(IntEnum):
    """What somebody is in a workspace: each may what those below may."""

    NONE = 0
    VIEWER = 1
    EDITOR = 2
    APPROVER = 3
    ADMIN = 4

    @property
    def word(self) -> str:
        """The role as it is stored and told."""
        return self.name.lower()


ROLES = {role.word: role for role in Role}
CLOSED = Role.NONE.word
GRANTABLE = tuple(role.word for role in Role if role is not Role.NONE)  # NONE closes an experiment, and nothing else
NEEDED: Mapping[Verb, Role] = {
    Verb.READ: Role.VIEWER,
    Verb.WRITE: Role.EDITOR,
    Verb.DELETE: Role.EDITOR,
    Verb.SIGN: Role.APPROVER,
    Verb.PURGE: Role.ADMIN,
    Verb.ERASE: Role.ADMIN,
    Verb.MEMBERS: Role.ADMIN,
}


class SubjectKind(StrEnum):
    """Whom a grant is for."""

    USER = "user"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role of a user or group in a workspace, or in one of its experiments."""

    workspace_id: int
    experiment_id: int | None  # None: the whole workspace
    kind: SubjectKind
    subject_id: int
    role: Role


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody may, workspace by workspace.

    Attributes:
        roles: By workspace.
        everywhere: In workspaces that `roles` does not name.
        narrowed: By experiment, where the role is less than in its workspace; NONE: the experiment is closed.
        is_admin: Of the server.
    """

    roles: Mapping[int, Role]
    everywhere: Role = Role.NONE
    narrowed: Mapping[int, Role] | None = None
    is_admin: bool = False


def standing(
    grants: Iterable[Grant], *, is_admin: bool = False, cap: Role = Role.ADMIN, workspace_id: int | None = None
) -> Standing:
    """What grants come to: the highest role counts; grants in an experiment narrow what the workspace gives.

    Args:
        grants: Of the user and of his groups.
        is_admin: Whether he is an admin of the server, who may everything.
        cap: The most that the token allows.
        workspace_id: The only workspace that the token is for, if it is for one.
    """
    workspaces: dict[int, Role] = {}
    experiments: dict[int, tuple[int, Role]] = {}
    for grant in grants:
        if grant.experiment_id is None:
            workspaces[grant.workspace_id] = max(grant.role, workspaces.get(grant.workspace_id, Role.NONE))
        else:
            _, before = experiments.get(grant.experiment_id, (0, Role.NONE))
            experiments[grant.experiment_id] = (grant.workspace_id, max(grant.role, before))
    everywhere = Role.NONE
    if is_admin:
        workspaces, experiments, everywhere = {}, {}, cap
    if workspace_id is not None:
        workspaces = {workspace_id: workspaces.get(workspace_id, everywhere)}
        everywhere = Role.NONE
    roles = {id: min(role, cap) for id, role in workspaces.items() if role is not Role.NONE}
    narrowed = {id: role for id, (workspace, role) in experiments.items() if role < roles.get(workspace, everywhere)}
    whole = is_admin and cap is Role.ADMIN and workspace_id is None
    return Standing(roles, everywhere, narrowed or None, whole)
