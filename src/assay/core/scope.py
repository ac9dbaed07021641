"""Who speaks, and in which workspace: the first argument of every service call; and the one question what he may."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from assay.core.roles import NEEDED, SERVER, Role, Standing, Verb
from assay.wire.errors import PermissionDenied

__all__ = ["DEFAULT_WORKSPACE_ID", "HOME", "LOCAL", "Actor", "How", "Role", "Scope", "Thing", "Verb", "allow"]

DEFAULT_WORKSPACE_ID = 1
NOWHERE: Mapping[int, Role] = MappingProxyType({})


class How(StrEnum):
    """How we know who speaks."""

    NONE = "none"  # we do not: whoever reaches a server that has no users
    HOME = "home"  # by the token in the server's home, which only the server's own account can read
    TOKEN = "token"  # noqa: S105 -- by a token of a user
    PASSWORD = "password"  # noqa: S105 -- by name and password
    OIDC = "oidc"  # by an identity provider
    LINK = "link"  # by a link that was printed for him


@dataclass(frozen=True, slots=True)
class Actor:
    """Who speaks, how we know, and what he may.

    Attributes:
        name: Of the user; "local" and "home" are none.
        how: How we know.
        id: Of the user; 0: no user.
        roles: By workspace.
        everywhere: His role in workspaces that `roles` does not name.
        narrowed: By experiment, where his role is less than in its workspace; almost always empty.
        is_admin: Of the server.
        token_id: Of the token by which he came, if he came by one.
        limited: Whether that token allows less than he may: then it makes no tokens.
    """

    name: str
    how: How = How.NONE
    id: int = 0
    roles: Mapping[int, Role] = field(default_factory=lambda: NOWHERE, hash=False)
    everywhere: Role = Role.NONE
    narrowed: Mapping[int, Role] = field(default_factory=lambda: NOWHERE, hash=False)
    is_admin: bool = False
    token_id: int | None = None
    limited: bool = False

    @property
    def authenticated(self) -> bool:
        """Whether the actor proved anything."""
        return self.how is not How.NONE

    def role_in(self, workspace_id: int, experiment_id: int | None = None) -> Role:
        """His role in the workspace, or in one of its experiments."""
        role = self.roles.get(workspace_id, self.everywhere)
        if self.narrowed and experiment_id is not None:
            return min(role, self.narrowed.get(experiment_id, role))
        return role


def made(name: str, how: How, id: int, found: Standing, token_id: int | None = None, *, limited: bool = False) -> Actor:
    """The actor that a user is with this standing."""
    narrowed = NOWHERE if found.narrowed is None else found.narrowed
    return Actor(name, how, id, found.roles, found.everywhere, narrowed, found.is_admin, token_id, limited)


LOCAL = Actor("local", everywhere=Role.EDITOR)
HOME = Actor("home", How.HOME, everywhere=Role.ADMIN, is_admin=True)


@dataclass(frozen=True, slots=True)
class Scope:
    """A workspace and an actor: an unscoped query cannot be written."""

    workspace_id: int = DEFAULT_WORKSPACE_ID
    actor: Actor = LOCAL

    @property
    def closed(self) -> Collection[int]:
        """The experiments that this actor must not know of; almost always none."""
        narrowed = self.actor.narrowed
        return [id for id, role in narrowed.items() if role is Role.NONE] if narrowed else ()

    def hides(self, experiment_id: int) -> bool:
        """Whether this actor must not know of the experiment."""
        return bool(self.actor.narrowed) and self.actor.narrowed.get(experiment_id) is Role.NONE

    def open(self, experiment_ids: Sequence[int]) -> Sequence[int]:
        """Those of the experiments that this actor may know of."""
        return [id for id in experiment_ids if not self.hides(id)] if self.actor.narrowed else experiment_ids

    def require(self, experiment_id: int, verb: Verb = Verb.WRITE) -> None:
        """Returns if the actor may do this in the experiment. Raises PermissionDenied."""
        if self.actor.narrowed and not allow(self.actor, verb, Thing("experiment", self.workspace_id, experiment_id)):
            raise PermissionDenied(
                f"{self.actor.name!r} may not {verb} in experiment {experiment_id}",
                field="experiment_id",
                remedy="ask an admin of the workspace for a higher role in this experiment",
            )


@dataclass(frozen=True, slots=True)
class Thing:
    """What an act is done to: its kind, and where it lies."""

    kind: str
    workspace_id: int = DEFAULT_WORKSPACE_ID
    experiment_id: int | None = None


def allow(actor: Actor, verb: Verb, thing: Thing) -> bool:
    """Whether the actor may do this to the thing: the one question, whoever asks.

    An admin of the server may everything. What concerns the whole server nobody else may, but for collecting garbage
    on a server that has no users.
    """
    if actor.is_admin:
        return True
    if verb in SERVER:
        return verb is Verb.COLLECT and not actor.authenticated
    return actor.role_in(thing.workspace_id, thing.experiment_id) >= NEEDED[verb]
