"""Use cases that go back in a run's history: rewind it, or fork another from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from assay.core.scope import Scope, Verb
from assay.core.tracking import NAME_TAG, RunRecord, Status
from assay.ports.store import Store, UnitOfWork
from assay.services.base import Service, authorise, check_text
from assay.services.records import records
from assay.services.runs import NAME_BOUND, active


class BranchService(Service):
    """Rewind and fork."""

    def __init__(self, store: Store, new_uid: Callable[[], str]) -> None:
        super().__init__(store)
        self._new_uid = new_uid

    def rewind(self, scope: Scope, uid: str, step: int) -> None:
        """What was logged after the step is gone for good, and what writers sent before is refused.

        Raises:
            NotFound: No such run.
            NotActive: It is deleted.
        """
        authorise(scope, Verb.WRITE, "run")

        def work(unit: UnitOfWork) -> None:
            run = active(unit.runs.lock(scope, uid))
            unit.points.rewind(run.id, step)
            unit.values.cut(run.id, step)
            unit.writers.raise_epochs(run.id)
            unit.runs.touch(scope, run.id)

        self._store.write(work)

    def fork(self, scope: Scope, uid: str, *, name: str, step: int | None = None) -> RunRecord:
        """A new run with the other's config, params, tags and all that was logged up to the step; it derives from it.

        Raises:
            NotFound: No such run.
            NotActive: It is deleted.
        """
        authorise(scope, Verb.WRITE, "run")
        check_text("run_name", name, NAME_BOUND, blank=True)
        new_uid = self._new_uid()

        def work(unit: UnitOfWork) -> RunRecord:
            source = active(unit.runs.lock(scope, uid))
            run = unit.runs.add(
                scope, replace(source, id=0, uid=new_uid, name=name, status=Status.RUNNING, end_us=None, lost=False)
            )
            unit.configs.copy(source.id, run.id)
            tags = unit.owned.tags([source.id]).get(source.id, {})
            unit.owned.set_tags(scope, run.id, {**tags, NAME_TAG: name})
            unit.points.copy(source.id, run.id, step)
            unit.values.copy(source.id, run.id, step)
            unit.lineage.derive(run.id, source.id, -1 if step is None else step)
            return records(unit, [run])[0]

        return self._store.write(work)
