"""Saved views: what somebody looked at, under a name, for everybody in the workspace."""

from __future__ import annotations

from dataclasses import dataclass

from assay.core.comments import Author


@dataclass(frozen=True, slots=True)
class SavedView:
    """A state of a page under a name. The page alone knows what its document means.

    Attributes:
        uid: What clients call it.
        kind: Of which page.
        experiment_id: The experiment that it shows; None: it belongs to the whole workspace.
        name: One of a kind in its place.
        revision: 1, and one more at each change.
        author: Who made it.
        changed_by: Who changed it last.
        created_us: When it was made.
        updated_us: When it was changed last.
        document: JSON; None where only a list of views is asked for.
    """

    uid: str
    kind: str
    experiment_id: int | None
    name: str
    revision: int
    author: Author
    changed_by: str
    created_us: int
    updated_us: int
    document: str | None = None
