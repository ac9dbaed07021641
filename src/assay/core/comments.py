"""What people say about runs: the records, and who may change what somebody has said."""

from __future__ import annotations

from dataclasses import dataclass

from assay.core.scope import Scope, Thing, Verb, allow


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote something: the actor's id (0: no user) and the name that it had then."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Who is said to have written an imported comment elsewhere, and when. Nobody has proven it here."""

    author: str
    created_us: int


@dataclass(frozen=True, slots=True)
class Comment:
    """A text about a run, or about one of its metrics, or about a step of that.

    `edited_us` and `edited_by` are None until the text is changed.
    """

    uid: str
    run_uid: str
    key: str | None
    step: int | None
    text: str
    author: Author
    created_us: int
    edited_us: int | None = None
    edited_by: str | None = None
    origin: Origin | None = None


def may_change(scope: Scope, comment: Comment) -> bool:
    """Whether the scope's actor wrote the comment, or may take away what others have written.

    Without users everybody who proves nothing is the same actor.
    """
    actor = scope.actor
    mine = Author(actor.id, actor.name) == comment.author if actor.id == 0 else actor.id == comment.author.id
    return mine or allow(actor, Verb.PURGE, Thing("comment", scope.workspace_id))
