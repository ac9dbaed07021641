"""Use cases on a run's config document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from assay.core.config import fill, index, merge
from assay.core.scope import Scope, Verb
from assay.ports.store import UnitOfWork
from assay.services.base import Service, authorise, check_text
from assay.services.runs import KEY_BOUND, PARAM_BOUND, active


class ConfigService(Service):
    """Read, merge, replace, fill; inserting params that never change is `RunService.log`."""

    def get(self, scope: Scope, uid: str) -> tuple[int, dict[str, Any]]:
        """The revision and the document as sent. Raises NotFound."""
        authorise(scope, Verb.READ, "run")
        with self._store.read() as unit:
            return unit.configs.get(unit.runs.get(scope, uid).id)

    def merge(self, scope: Scope, uid: str, document: Mapping[str, Any]) -> int:
        """Lays the document over what is there; the new revision. Raises NotFound, NotActive, InvalidInput."""
        return self._put(scope, uid, document, lambda before, _: merge(before, document))

    def replace(self, scope: Scope, uid: str, document: Mapping[str, Any]) -> int:
        """The document stands instead of what was there; the new revision. Raises NotFound, NotActive, InvalidInput."""
        return self._put(scope, uid, document, lambda *_: dict(document))

    def fill(self, scope: Scope, uid: str, document: Mapping[str, Any]) -> int:
        """Where the run has no param yet, it has that of the document, as defaulted; the revision that then is.

        Raises NotFound, NotActive, InvalidInput.
        """
        return self._put(scope, uid, document, lambda before, taken: fill(before, document, taken), defaulting=True)

    def _put(
        self,
        scope: Scope,
        uid: str,
        document: Mapping[str, Any],
        lay: Callable[[dict[str, Any], Mapping[str, str]], dict[str, Any]],
        *,
        defaulting: bool = False,
    ) -> int:
        """The run has what `lay` makes of its document and params. What nobody chose stays so until it is written."""
        authorise(scope, Verb.WRITE, "run")
        field = "defaults" if defaulting else "config"
        given = index(document, field)
        for key, leaf in given.items():
            check_text(f"{field} key", key, KEY_BOUND)
            check_text(f"{field}.{key}", leaf.text, PARAM_BOUND, blank=True)

        def work(unit: UnitOfWork) -> int:
            run = active(unit.runs.lock(scope, uid))
            revision, before = unit.configs.get(run.id)
            params = unit.owned.params([run.id])
            after = lay(before, params.texts.get(run.id, {}))
            leaves, old = index(after), index(before).keys()
            if defaulting and leaves.keys() == old:
                return revision
            defaulted = set(params.defaulted.get(run.id, ()))
            defaulted = defaulted | (leaves.keys() - old) if defaulting else defaulted - given.keys()
            leaves |= {key: replace(leaves[key], defaulted=True) for key in defaulted & leaves.keys()}
            unit.runs.touch(scope, run.id)
            return unit.configs.put(scope, run.id, after, leaves, set(old - leaves.keys()))

        return self._store.write(work)
