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
    PURGE = "purge"  # governed: needs proof of identity


GOVERNED = frozenset({Verb.PURGE})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who speaks and how we know."""

    name: str
    authenticated: bool = False
    how: str = "none"  # none | home-token


LOCAL = Actor("local")


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
