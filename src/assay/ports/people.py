"""What people add for one another, as small stores that a unit of work holds; see `assay.ports.aggregates`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from assay.core.comments import Comment, Origin
from assay.core.scope import Scope
from assay.core.views import SavedView


class Comments(Protocol):
    """Comments on runs."""

    def add(
        self,
        scope: Scope,
        run_id: int,
        uid: str,
        text: str,
        *,
        key: str | None = None,
        step: int | None = None,
        origin: Origin | None = None,
    ) -> None:
        """Stores a comment by the scope's actor. Raises AlreadyExists for a taken uid."""
        ...

    def get(self, scope: Scope, uid: str) -> Comment: ...

    def edit(self, scope: Scope, uid: str, text: str) -> None: ...

    def remove(self, scope: Scope, uid: str) -> None: ...

    def count(self, run_id: int) -> int:
        """How many a run has."""
        ...

    def search(
        self, scope: Scope, run_uids: Sequence[str], key: str | None, before: tuple[int, str] | None, limit: int
    ) -> list[Comment]:
        """Comments on these runs, or on all that are not deleted, the newest first, from the one before this on.

        Where a key is given, only those on that metric. `before` is the time and uid of a comment.
        """
        ...


class SavedViews(Protocol):
    """Saved views."""

    def add(self, scope: Scope, uid: str, kind: str, experiment_id: int | None, name: str, document: str) -> None:
        """Stores a view by the scope's actor. Raises AlreadyExists for a taken uid or name."""
        ...

    def get(self, scope: Scope, uid: str) -> SavedView: ...

    def update(self, scope: Scope, uid: str, revision: int, name: str, document: str) -> None:
        """The view has this name and document. Raises Conflict if its revision is another, AlreadyExists."""
        ...

    def remove(self, scope: Scope, uid: str, revision: int | None) -> None:
        """The view is gone. Raises Conflict if its revision is another than this one."""
        ...

    def count(self, scope: Scope) -> int: ...

    def search(
        self,
        scope: Scope,
        kind: str | None,
        experiment_id: int | None,
        after: tuple[str, str] | None,
        limit: int,
    ) -> list[SavedView]:
        """Views without their documents, by name and uid, from the one after this on; None: of whatever kind, place."""
        ...

    def named(self, scope: Scope, text: str, limit: int) -> list[SavedView]:
        """Views, without their documents, whose names hold a text, whatever its case; by name."""
        ...
