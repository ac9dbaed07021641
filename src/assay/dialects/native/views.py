"""Saved views below /api/v1: states of pages under names, which everybody in the workspace shares."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from assay.core.scope import Verb
from assay.core.views import SavedView
from assay.dialects.native.filters import ExperimentId, tokens
from assay.dialects.native.identity import KEY_HEADER, derived
from assay.dialects.native.runs import Done
from assay.dialects.native.table import Call, Made, NoQuery, Route
from assay.dialects.rules import may
from assay.services.views import DOCUMENT_BOUND, PAGE_BOUND
from assay.wire.errors import AlreadyExists, Conflict, RuleViolation

Revision = Annotated[int, msgspec.Meta(ge=1, le=2**53)]


class NewView(msgspec.Struct, forbid_unknown_fields=True):
    """A view to save: of which kind of page, under which name, and any JSON object that the page understands."""

    kind: str
    name: str
    document: dict[str, Any]
    experiment_id: ExperimentId | None = None


class ViewChange(msgspec.Struct, forbid_unknown_fields=True):
    """What changes of the view that has this revision; what is absent stays."""

    revision: Revision
    name: str | None = None
    document: dict[str, Any] | None = None


class ViewHead(msgspec.Struct):
    """A saved view without its document."""

    id: str
    kind: str
    experiment_id: int | None
    name: str
    revision: int
    author: str
    changed_by: str
    created_us: int
    updated_us: int


class View(ViewHead):
    """A saved view."""

    document: msgspec.Raw


class ViewQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which views: of a kind, of an experiment (by number), or all."""

    kind: str | None = None
    experiment_id: ExperimentId | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=PAGE_BOUND)] = PAGE_BOUND
    page_token: str | None = None


class ViewRevision(msgspec.Struct, forbid_unknown_fields=True):
    """Which revision is meant; without it, whichever there is."""

    revision: Revision | None = None


class Views(msgspec.Struct):
    """A page of views by name, without their documents."""

    views: list[ViewHead]
    next_page_token: str | None


def _head(view: SavedView) -> dict[str, Any]:
    return {
        "id": view.uid,
        "kind": view.kind,
        "experiment_id": view.experiment_id,
        "name": view.name,
        "revision": view.revision,
        "author": view.author.name,
        "changed_by": view.changed_by,
        "created_us": view.created_us,
        "updated_us": view.updated_us,
    }


def told(view: SavedView) -> View:
    """A view as JSON."""
    return View(**_head(view), document=msgspec.Raw((view.document or "{}").encode()))


def views(call: Call[ViewQuery, None]) -> Views:
    """A page of saved views by name, without their documents."""
    given = call.query
    with tokens():
        page = call.services.views.search(
            call.scope,
            kind=given.kind,
            experiment_id=given.experiment_id,
            after=given.page_token,
            limit=given.limit,
        )
    return Views([ViewHead(**_head(item)) for item in page.items], page.next_token)


def make(call: Call[NoQuery, NewView]) -> Made:
    """Saves a view, once for an `Idempotency-Key` however often it is sent; a name that is taken is refused."""
    given = call.body
    made, new = call.services.views.create(
        call.scope,
        given.kind,
        given.name,
        given.document,
        experiment_id=given.experiment_id,
        id=derived(call.request, call.scope, "view"),
    )
    return Made(told(made), new)


def one(call: Call[NoQuery, None]) -> View:
    """A saved view with its document."""
    return told(call.services.views.get(call.scope, call.id))


def change(call: Call[NoQuery, ViewChange]) -> View:
    """Changes the view that has this revision; where somebody was faster, it is refused."""
    given = call.body
    return told(
        call.services.views.change(call.scope, call.id, given.revision, name=given.name, document=given.document)
    )


def remove(call: Call[ViewRevision, None]) -> Done:
    """Deletes a view for good, if it has the revision where one is given."""
    call.services.views.remove(call.scope, call.id, call.query.revision)
    return Done()


READ, WRITE = may(Verb.READ, "view"), may(Verb.WRITE, "view")

TABLE = [
    Route("GET", "views", views, READ, query=ViewQuery, answer=Views),
    Route(
        "POST",
        "views",
        make,
        WRITE,
        body=NewView,
        bound=2 * DOCUMENT_BOUND,
        answer=View,
        makes=True,
        errors=(AlreadyExists, Conflict, RuleViolation),
        headers=((KEY_HEADER, "Who sends the same key again is answered with the same view."),),
        example={
            "kind": "runs",
            "name": "best of the week",
            "experiment_id": 3,
            "document": {"filter": "metrics.auc > 0.9", "columns": ["name", "metrics.auc"]},
        },
    ),
    Route("GET", "views/{id}", one, READ, answer=View),
    Route(
        "PATCH",
        "views/{id}",
        change,
        WRITE,
        body=ViewChange,
        bound=2 * DOCUMENT_BOUND,
        answer=View,
        errors=(AlreadyExists, Conflict),
        example={"revision": 1, "document": {"filter": "metrics.auc > 0.95"}},
    ),
    Route("DELETE", "views/{id}", remove, WRITE, query=ViewRevision, answer=Done, errors=(Conflict,)),
]
