"""Use cases on saved views: states of pages under names, which everybody in the workspace shares."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from assay.core.scope import Scope, Verb
from assay.core.tracking import Page
from assay.core.views import SavedView
from assay.ports.store import Store, UnitOfWork
from assay.services.base import Service, authorise, check_text
from assay.wire.errors import Conflict, InvalidInput, NotFound, RuleViolation

KIND = re.compile(r"[a-z][a-z0-9-]{0,49}\Z")
NAME_BOUND = 200  # characters
DOCUMENT_BOUND = 256 << 10  # bytes of JSON
COUNT_BOUND = 10_000  # of a workspace
PAGE_BOUND = 1_000


class SavedViewService(Service):
    """Make, read, change, delete, list."""

    def __init__(self, store: Store, new_uid: Callable[[], str]) -> None:
        super().__init__(store)
        self._new_uid = new_uid

    def create(
        self,
        scope: Scope,
        kind: str,
        name: str,
        document: Mapping[str, Any],
        *,
        experiment_id: int | None = None,
        id: str | None = None,
    ) -> tuple[SavedView, bool]:
        """A view, and whether it is new: with an `id` (32 hex digits), making it twice is making it once.

        Raises:
            InvalidInput: A field is out of bounds.
            NotFound: No such experiment.
            AlreadyExists: The place has a view of this kind and name.
            Conflict: The view of this id has another kind, place or name.
            RuleViolation: The workspace has as many views as it may have.
        """
        authorise(scope, Verb.WRITE, "view")
        _check_kind(kind)
        check_text("name", name, NAME_BOUND)
        text = _encoded(document)
        uid = f"v-{id or self._new_uid()}"

        def work(unit: UnitOfWork) -> tuple[SavedView, bool]:
            if experiment_id is not None:
                unit.experiments.lock(scope, experiment_id, shared=True)
            if id is not None and (found := _find(unit, scope, uid)) is not None:
                if (found.kind, found.experiment_id, found.name) != (kind, experiment_id, name):
                    raise Conflict(f"The view {uid} is another one", field="id", remedy="send another id")
                return found, False
            if unit.views.count(scope) >= COUNT_BOUND:
                raise RuleViolation(
                    f"The workspace has {COUNT_BOUND} views", field="name", bound=COUNT_BOUND, remedy="delete some"
                )
            unit.views.add(scope, uid, kind, experiment_id, name, text)
            return unit.views.get(scope, uid), True

        return self._store.write(work)

    def get(self, scope: Scope, uid: str) -> SavedView:
        """The view with its document. Raises NotFound."""
        authorise(scope, Verb.READ, "view")
        with self._store.read() as unit:
            return unit.views.get(scope, uid)

    def change(
        self,
        scope: Scope,
        uid: str,
        revision: int,
        *,
        name: str | None = None,
        document: Mapping[str, Any] | None = None,
    ) -> SavedView:
        """The view of this revision has what is given, under the next one.

        Raises:
            NotFound: No such view.
            Conflict: It was changed meanwhile; `details` says which revision it has.
            AlreadyExists: Another view has the name.
            InvalidInput: A field is out of bounds.
        """
        authorise(scope, Verb.WRITE, "view")
        if name is not None:
            check_text("name", name, NAME_BOUND)
        text = None if document is None else _encoded(document)

        def work(unit: UnitOfWork) -> SavedView:
            found = _held(unit, scope, uid)
            unit.views.update(scope, uid, revision, name or found.name, text or found.document or "{}")
            return unit.views.get(scope, uid)

        return self._store.write(work)

    def remove(self, scope: Scope, uid: str, revision: int | None = None) -> None:
        """The view is gone for good. Raises NotFound, and Conflict where it has another revision than this one."""
        authorise(scope, Verb.WRITE, "view")

        def work(unit: UnitOfWork) -> None:
            _held(unit, scope, uid)
            unit.views.remove(scope, uid, revision)

        self._store.write(work)

    def search(
        self,
        scope: Scope,
        *,
        kind: str | None = None,
        experiment_id: int | None = None,
        after: str | None = None,
        limit: int = PAGE_BOUND,
    ) -> Page[SavedView]:
        """A page of views without their documents, by name. Raises InvalidInput for a token that is none."""
        authorise(scope, Verb.READ, "view")
        if kind is not None:
            _check_kind(kind)
        limit = max(1, min(limit, PAGE_BOUND))
        place = None if after is None else _place(after)
        with self._store.read() as unit:
            found = unit.views.search(scope, kind, experiment_id, place, limit + 1)
        if len(found) <= limit:
            return Page(found)
        return Page(found[:limit], json.dumps([found[limit - 1].name, found[limit - 1].uid]))


def _find(unit: UnitOfWork, scope: Scope, uid: str) -> SavedView | None:
    try:
        return unit.views.get(scope, uid)
    except NotFound:
        return None


def _held(unit: UnitOfWork, scope: Scope, uid: str) -> SavedView:
    """The view, whose experiment, if it has one, the actor may write to and nobody purges meanwhile."""
    found = unit.views.get(scope, uid)
    if found.experiment_id is not None:
        unit.experiments.lock(scope, found.experiment_id, shared=True)
    return found


def _check_kind(kind: str) -> None:
    if not KIND.match(kind):
        raise InvalidInput(
            f"{kind[:100]!r} is no kind of view", field="kind", bound=50, remedy="send a-z, digits and hyphens"
        )


def _encoded(document: Mapping[str, Any]) -> str:
    """The document as ASCII JSON, so that it is text on every engine. Raises InvalidInput."""
    text = json.dumps(dict(document), ensure_ascii=True, separators=(",", ":"))
    if len(text) > DOCUMENT_BOUND:
        raise InvalidInput(
            f"The document has {len(text)} bytes", field="document", bound=DOCUMENT_BOUND, remedy="keep less in it"
        )
    return text


def _place(token: str) -> tuple[str, str]:
    try:
        name, uid = json.loads(token)
        return check_text("after", name, NAME_BOUND), check_text("after", uid, NAME_BOUND)
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise InvalidInput(
            "That is no token of a page", field="after", remedy="send the token of the page before"
        ) from None
