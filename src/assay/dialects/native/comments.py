"""Comments on runs, their metrics and steps, below /api/v1."""

from __future__ import annotations

from typing import Annotated

import msgspec

from assay.core import comments
from assay.core.comments import Origin, may_change
from assay.core.scope import Scope, Verb
from assay.dialects.native.filters import tokens
from assay.dialects.native.identity import KEY_HEADER, derived
from assay.dialects.native.runs import Done
from assay.dialects.native.table import Call, Made, NoQuery, Route
from assay.dialects.rules import may
from assay.services.comments import PAGE_BOUND
from assay.wire.errors import Conflict, NotActive, RuleViolation

Step = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Time = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Elsewhere(msgspec.Struct, forbid_unknown_fields=True):
    """Who is said to have written an imported comment, and when. It is kept as it is told, and proves nothing."""

    author: str
    created_us: Time


class Said(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody says, in Markdown: of a run, of a `key` of its metrics, or of a `step` of that."""

    text: str
    key: str | None = None
    step: Step | None = None
    origin: Elsewhere | None = None


class Resaid(msgspec.Struct, forbid_unknown_fields=True):
    """What a comment says from now on."""

    text: str


class Comment(msgspec.Struct):
    """A comment. `may_change`: whether who asks may edit or delete it."""

    id: str
    run: str
    key: str | None
    step: int | None
    text: str
    author: str
    created_us: int
    edited_us: int | None
    edited_by: str | None
    origin: Elsewhere | None
    may_change: bool


class CommentQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which comments: on these runs (by id), or on all that are not deleted; on one metric, or on whatever."""

    run: list[str] = msgspec.field(default_factory=list)
    key: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=PAGE_BOUND)] = 100
    page_token: str | None = None


class Comments(msgspec.Struct):
    """A page of comments, the newest first."""

    comments: list[Comment]
    next_page_token: str | None


def told(scope: Scope, comment: comments.Comment) -> Comment:
    """A comment as JSON."""
    origin = comment.origin
    return Comment(
        comment.uid,
        comment.run_uid,
        comment.key,
        comment.step,
        comment.text,
        comment.author.name,
        comment.created_us,
        comment.edited_us,
        comment.edited_by,
        None if origin is None else Elsewhere(origin.author, origin.created_us),
        may_change(scope, comment),
    )


def add(call: Call[NoQuery, Said]) -> Made:
    """Says something about a run, once for an `Idempotency-Key` however often it is sent."""
    given = call.body
    made, new = call.services.comments.add(
        call.scope,
        call.id,
        given.text,
        key=given.key,
        step=given.step,
        origin=None if given.origin is None else Origin(given.origin.author, given.origin.created_us),
        id=derived(call.request, call.scope, "comment"),
    )
    return Made(told(call.scope, made), new)


def search(call: Call[CommentQuery, None]) -> Comments:
    """A page of comments on runs, the newest first; unknown runs have none."""
    given = call.query
    with tokens():
        page = call.services.comments.search(
            call.scope, given.run, key=given.key, after=given.page_token, limit=given.limit
        )
    return Comments([told(call.scope, item) for item in page.items], page.next_token)


def edit(call: Call[NoQuery, Resaid]) -> Comment:
    """Changes what a comment says; its author may, and who may purge."""
    return told(call.scope, call.services.comments.edit(call.scope, call.id, call.body.text))


def remove(call: Call[NoQuery, None]) -> Done:
    """Deletes a comment for good; its author may, and who may purge."""
    call.services.comments.remove(call.scope, call.id)
    return Done()


READ, WRITE = may(Verb.READ, "comment"), may(Verb.WRITE, "comment")

TABLE = [
    Route("GET", "comments", search, READ, query=CommentQuery, answer=Comments),
    Route(
        "POST",
        "runs/{id}/comments",
        add,
        WRITE,
        body=Said,
        answer=Comment,
        makes=True,
        errors=(NotActive, Conflict, RuleViolation),
        headers=((KEY_HEADER, "Who sends the same key again is answered with the same comment."),),
        example={"text": "The learning rate was **too high** here.", "key": "loss", "step": 1200},
    ),
    Route(
        "PATCH",
        "comments/{id}",
        edit,
        WRITE,
        body=Resaid,
        answer=Comment,
        errors=(NotActive,),
        example={"text": "It was fine."},
    ),
    Route("DELETE", "comments/{id}", remove, WRITE, answer=Done),
]
