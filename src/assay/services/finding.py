"""Use cases for who looks for something by a few letters of its name, whatever it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.core.scope import Scope, Verb
from assay.core.search.ast import Attribute, Expr, Like, Or
from assay.core.statistics import KeyKind
from assay.core.tracking import Experiment, Run, View
from assay.core.views import SavedView
from assay.services.base import Service, authorise, check_text
from assay.services.statistics import PAGE_BOUND as EXPERIMENTS_BOUND

TEXT_BOUND = 200
EACH_BOUND = 50  # of each kind


@dataclass(frozen=True, slots=True)
class Findings:
    """What has the text in its name, at most so many of each kind."""

    runs: Sequence[Run]
    experiments: Sequence[Experiment]
    keys: Sequence[tuple[KeyKind, str]]
    views: Sequence[SavedView]


class FindingService(Service):
    """Find."""

    def find(self, scope: Scope, text: str, limit: int = 10) -> Findings:
        """Runs by name or the beginning of their id, experiments, keys and saved views by name; the case is ignored.

        Deleted things are not found. `%` stands for any text and `_` for one sign, as in filters.

        Raises:
            InvalidInput: The text is blank or too long.
        """
        authorise(scope, Verb.READ, "run")
        check_text("text", text, TEXT_BOUND)
        limit = max(1, min(limit, EACH_BOUND))
        text = text.strip()
        named = Like(Attribute("name"), f"%{text}%", case_sensitive=False)
        either: Expr = Or((named, Like(Attribute("uid"), f"{text.lower()}%", case_sensitive=True)))
        with self._store.read() as unit:
            all_of = unit.experiments.search(scope, View.ACTIVE, None, (), EXPERIMENTS_BOUND, None)
            ids = [item.id for item in all_of.items]
            return Findings(
                unit.runs.search(scope, ids, View.ACTIVE, either, (), limit, None).items,
                unit.experiments.search(scope, View.ACTIVE, named, (), limit, None).items,
                unit.statistics.named(scope, text, limit),
                unit.views.named(scope, text, limit),
            )
