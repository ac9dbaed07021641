"""Who speaks, and in which workspace: the first argument of every service call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

DEFAULT_WORKSPACE_ID = 1


class Verb(StrEnum):
    """What an actor wants to do."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    PURGE = "purge"  # governed, as the next: needs proof of identity
    RESTORE = "restore"
    ERASE = "erase"
    SEAL = "seal"  # sign where a chain stands
    ROTATE = "rotate"


GOVERNED = frozenset({Verb.PURGE, Verb.RESTORE, Verb.ERASE, Verb.SEAL, Verb.ROTATE})


class How(StrEnum):
    """How we know who speaks."""

    NONE = "none"  # we do not: whoever reaches the server
    HOME = "home"  # by the token in the server's home, which only the server's own account can read


@dataclass(frozen=True, slots=True)
class Actor:
    """Who speaks and how we know."""

    name: str
    how: How = How.NONE
    id: int = 0  # 0: no user

    @property
    def authenticated(self) -> bool:
        """Whether the actor proved anything."""
        return self.how is not How.NONE


LOCAL = Actor("local")
HOME = Actor("home", How.HOME)


@dataclass(frozen=True, slots=True)
class Scope:
    """A workspace and an actor: an unscoped query cannot be written."""

    workspace_id: int = DEFAULT_WORKSPACE_ID
    actor: Actor = LOCAL


def allow(actor: Actor, verb: Verb, kind: str) -> bool:
    """Whether the actor may do this to a thing of this kind.

    Until users exist everybody may track; governed acts need an authenticated actor.
    """
    return actor.authenticated or verb not in GOVERNED
