"""Use cases on a run's config document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.core.config import index, merge
from assay.core.scope import Scope, Verb
from assay.ports.store import UnitOfWork
from assay.services.base import Service, authorise, check_text
from assay.services.runs import KEY_BOUND, PARAM_BOUND, active


class ConfigService(Service):
    """Read, merge, replace; inserting params that never change is `RunService.log`."""

    def get(self, scope: Scope, uid: str) -> tuple[int, dict[str, Any]]:
        """The revision and the document as sent. Raises NotFound."""
        authorise(scope, Verb.READ, "run")
        with self._store.read() as unit:
            return unit.configs.get(unit.runs.get(scope, uid).id)

    def merge(self, scope: Scope, uid: str, document: Mapping[str, Any]) -> int:
        """Lays the document over what is there; the new revision. Raises NotFound, NotActive, InvalidInput."""
        return self._put(scope, uid, document, merging=True)

    def replace(self, scope: Scope, uid: str, document: Mapping[str, Any]) -> int:
        """The document stands instead of what was there; the new revision. Raises NotFound, NotActive, InvalidInput."""
        return self._put(scope, uid, document, merging=False)

    def _put(self, scope: Scope, uid: str, document: Mapping[str, Any], *, merging: bool) -> int:
        authorise(scope, Verb.WRITE, "run")
        for key, leaf in index(document).items():
            check_text("config key", key, KEY_BOUND)
            check_text(f"config.{key}", leaf.text, PARAM_BOUND, blank=True)

        def work(unit: UnitOfWork) -> int:
            run = active(unit.runs.lock(scope, uid))
            before = unit.configs.get(run.id)[1]
            after = merge(before, document) if merging else dict(document)
            leaves = index(after)
            unit.runs.touch(scope, run.id)
            return unit.configs.put(scope, run.id, after, leaves, set(index(before)) - leaves.keys())

        return self._store.write(work)
