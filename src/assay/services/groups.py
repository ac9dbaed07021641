"""Use cases on groups of runs: a run may be in many."""

from __future__ import annotations

from assay.core.scope import Scope, Verb
from assay.ports.store import UnitOfWork
from assay.services.base import Service, authorise, check_text

NAME_BOUND = 500


class GroupService(Service):
    """Join, leave, list."""

    def join(self, scope: Scope, experiment_id: int, name: str, run_uid: str) -> None:
        """The run is in the experiment's group of this name, which is made if it is new.

        The run may belong to another experiment. Raises NotFound, InvalidInput.
        """
        authorise(scope, Verb.WRITE, "run")
        check_text("group", name, NAME_BOUND)

        def work(unit: UnitOfWork) -> None:
            unit.experiments.lock(scope, experiment_id, shared=True)
            run = unit.runs.lock(scope, run_uid)
            unit.groups.join(unit.groups.ensure(scope, experiment_id, name), run.id)

        self._store.write(work)

    def leave(self, scope: Scope, experiment_id: int, name: str, run_uid: str) -> None:
        """The run is not in the group. Raises NotFound."""
        authorise(scope, Verb.WRITE, "run")

        def work(unit: UnitOfWork) -> None:
            run = unit.runs.lock(scope, run_uid)
            unit.groups.leave(unit.groups.ensure(scope, experiment_id, name), run.id)

        self._store.write(work)

    def members(self, scope: Scope, experiment_id: int, name: str) -> list[str]:
        """The uids of the group's runs, oldest member first; none for an unknown group."""
        authorise(scope, Verb.READ, "run")
        with self._store.read() as unit:
            group_id = unit.groups.find(scope, experiment_id, name)
            return [] if group_id is None else unit.groups.members(scope, group_id)

    def of_run(self, scope: Scope, uid: str) -> list[str]:
        """The names of the run's groups. Raises NotFound."""
        authorise(scope, Verb.READ, "run")
        with self._store.read() as unit:
            return unit.groups.of_run(scope, unit.runs.get(scope, uid).id)
