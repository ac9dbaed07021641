"""Use cases on comments: what people say about runs, their metrics and steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from assay.core.comments import Comment, Origin, may_change
from assay.core.scope import Scope, Verb
from assay.core.tracking import Page
from assay.ports.store import Store, UnitOfWork
from assay.services.base import Service, authorise, check_text
from assay.services.runs import KEY_BOUND, USER_BOUND, active
from assay.wire.errors import Conflict, InvalidInput, NotFound, PermissionDenied, RuleViolation

TEXT_BOUND = 20_000  # characters
COUNT_BOUND = 10_000  # of a run
RUNS_BOUND = 1_000  # that a page of comments is asked for
PAGE_BOUND = 500
PLACE = re.compile(r"(\d{1,18})\.(c-[0-9a-f]{32})\Z", re.ASCII)


class CommentService(Service):
    """Say, change, take away, list. Who follows changes is told of the run."""

    def __init__(self, store: Store, new_uid: Callable[[], str]) -> None:
        super().__init__(store)
        self._new_uid = new_uid

    def add(
        self,
        scope: Scope,
        run_uid: str,
        text: str,
        *,
        key: str | None = None,
        step: int | None = None,
        origin: Origin | None = None,
        id: str | None = None,
    ) -> tuple[Comment, bool]:
        """A comment by the actor, and whether it is new: with an `id` (32 hex digits), adding twice is adding once.

        Raises:
            NotFound: No such run.
            NotActive: It is deleted.
            InvalidInput: A text is out of bounds, or a step has no metric.
            RuleViolation: The run has as many comments as it may have.
            Conflict: The comment of this id is on another run.
        """
        authorise(scope, Verb.WRITE, "comment")
        check_text("text", text, TEXT_BOUND)
        if key is not None:
            check_text("key", key, KEY_BOUND)
        elif step is not None:
            raise InvalidInput("A step has no metric", field="key", remedy="name the metric, or leave the step out")
        if origin is not None:
            check_text("origin.author", origin.author, USER_BOUND)
        uid = f"c-{id or self._new_uid()}"

        def work(unit: UnitOfWork) -> tuple[Comment, bool]:
            run = active(unit.runs.lock(scope, run_uid))
            if id is not None and (found := _find(unit, scope, uid)) is not None:
                if found.run_uid != run_uid:
                    raise Conflict(f"The comment {uid} is on another run", field="id", remedy="send another id")
                return found, False
            if unit.comments.count(run.id) >= COUNT_BOUND:
                raise RuleViolation(
                    f"The run {run_uid} has {COUNT_BOUND} comments",
                    field="run_id",
                    bound=COUNT_BOUND,
                    remedy="delete some of them, or write into the run's note",
                )
            unit.comments.add(scope, run.id, uid, text, key=key, step=step, origin=origin)
            unit.runs.touch(scope, run.id)
            return unit.comments.get(scope, uid), True

        return self._store.write(work)

    def edit(self, scope: Scope, uid: str, text: str) -> Comment:
        """The comment says this from now on.

        Raises:
            NotFound: No such comment.
            NotActive: Its run is deleted.
            PermissionDenied: The actor is neither its author nor may take away what others wrote.
            InvalidInput: The text is out of bounds.
        """
        authorise(scope, Verb.WRITE, "comment")
        check_text("text", text, TEXT_BOUND)

        def work(unit: UnitOfWork) -> Comment:
            run = active(unit.runs.lock(scope, unit.comments.get(scope, uid).run_uid))
            _check_may(scope, unit.comments.get(scope, uid))
            unit.comments.edit(scope, uid, text)
            unit.runs.touch(scope, run.id)
            return unit.comments.get(scope, uid)

        return self._store.write(work)

    def remove(self, scope: Scope, uid: str) -> None:
        """The comment is gone for good. Raises NotFound, PermissionDenied."""
        authorise(scope, Verb.WRITE, "comment")

        def work(unit: UnitOfWork) -> None:
            run = unit.runs.lock(scope, unit.comments.get(scope, uid).run_uid)
            _check_may(scope, unit.comments.get(scope, uid))
            unit.comments.remove(scope, uid)
            unit.runs.touch(scope, run.id)

        self._store.write(work)

    def search(
        self,
        scope: Scope,
        run_uids: Sequence[str] = (),
        *,
        key: str | None = None,
        after: str | None = None,
        limit: int = PAGE_BOUND,
    ) -> Page[Comment]:
        """A page of comments on these runs, or on all that are not deleted, the newest first; unknown runs have none.

        Raises:
            InvalidInput: Too many runs are named, or `after` is no token of a page.
        """
        authorise(scope, Verb.READ, "comment")
        if len(run_uids) > RUNS_BOUND:
            raise InvalidInput(
                f"{len(run_uids)} runs are named", field="run", bound=RUNS_BOUND, remedy=f"name {RUNS_BOUND} at most"
            )
        for uid in run_uids:
            check_text("run", uid, KEY_BOUND)
        if key is not None:
            check_text("key", key, KEY_BOUND)
        limit = max(1, min(limit, PAGE_BOUND))
        before = None if after is None else _place(after)
        with self._store.read() as unit:
            found = unit.comments.search(scope, list(dict.fromkeys(run_uids)), key, before, limit + 1)
        if len(found) <= limit:
            return Page(found)
        last = found[limit - 1]
        return Page(found[:limit], f"{last.created_us}.{last.uid}")


def _find(unit: UnitOfWork, scope: Scope, uid: str) -> Comment | None:
    try:
        return unit.comments.get(scope, uid)
    except NotFound:
        return None


def _check_may(scope: Scope, comment: Comment) -> None:
    if not may_change(scope, comment):
        raise PermissionDenied(
            f"The comment is by {comment.author.name!r}",
            field="id",
            remedy="ask its author, or an admin of the workspace",
        )


def _place(token: str) -> tuple[int, str]:
    if found := PLACE.match(token):
        return int(found[1]), found[2]
    raise InvalidInput(
        f"{token[:100]!r} is no token of a page", field="after", remedy="send the token of the page before"
    )
