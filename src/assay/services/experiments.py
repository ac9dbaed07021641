"""Use cases on experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay.core.scope import Scope, Verb
from assay.core.search.ast import Expr, Order
from assay.core.tracking import Experiment, Lifecycle, Page, View
from assay.ports.store import UnitOfWork
from assay.services.base import Service, authorise, check_search, check_text
from assay.wire.errors import InvalidState, NotFound

NAME_BOUND = 500
LOCATION_BOUND = 2_048
TAG_KEY_BOUND = 250
TAG_VALUE_BOUND = 20_000
PAGE_BOUND = 50_000


class ExperimentService(Service):
    """Create, read, change, search."""

    def create(
        self,
        scope: Scope,
        name: str,
        *,
        artifact_location: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Experiment:
        """A new experiment under the next number.

        Raises:
            AlreadyExists: The name is taken, possibly by a deleted experiment.
            InvalidInput: A name, location or tag is out of bounds.
        """
        authorise(scope, Verb.WRITE, "experiment")
        check_text("name", name, NAME_BOUND)
        if artifact_location is not None:
            check_text("artifact_location", artifact_location, LOCATION_BOUND)
        tags = _checked(tags or {})
        return self._store.write(
            lambda unit: unit.experiments.add(scope, name, artifact_location=artifact_location, tags=tags)
        )

    def get(self, scope: Scope, id: int) -> Experiment:
        """The experiment, deleted or not. Raises NotFound."""
        authorise(scope, Verb.READ, "experiment")
        with self._store.read() as unit:
            return unit.experiments.get(scope, id)

    def by_name(self, scope: Scope, name: str) -> Experiment:
        """The experiment of this name, deleted or not. Raises NotFound."""
        authorise(scope, Verb.READ, "experiment")
        with self._store.read() as unit:
            return unit.experiments.by_name(scope, name)

    def rename(self, scope: Scope, id: int, name: str) -> None:
        """The experiment has another name.

        Raises:
            InvalidState: It is deleted.
            AlreadyExists: The name is taken.
        """
        authorise(scope, Verb.WRITE, "experiment")
        check_text("name", name, NAME_BOUND)

        def work(unit: UnitOfWork) -> None:
            if unit.experiments.lock(scope, id).lifecycle is Lifecycle.DELETED:
                raise InvalidState(
                    f"Experiment {id} is deleted", field="experiment_id", remedy="restore it before renaming it"
                )
            unit.experiments.rename(scope, id, name)

        self._store.write(work)

    def set_archived(self, scope: Scope, id: int, *, archived: bool) -> None:
        """The experiment is out of the way, or back; its runs stay as they are. Raises NotFound, InvalidState."""
        authorise(scope, Verb.WRITE, "experiment")

        def work(unit: UnitOfWork) -> None:
            if unit.experiments.lock(scope, id).lifecycle is Lifecycle.DELETED:
                raise InvalidState(f"Experiment {id} is deleted", field="experiment_id", remedy="restore it first")
            unit.experiments.set_lifecycle(scope, id, Lifecycle.ARCHIVED if archived else Lifecycle.ACTIVE)

        self._store.write(work)

    def delete(self, scope: Scope, id: int) -> None:
        """The experiment and all its runs are deleted, until restored or purged. Raises NotFound if it is already."""
        authorise(scope, Verb.DELETE, "experiment")

        def work(unit: UnitOfWork) -> None:
            if unit.experiments.lock(scope, id).lifecycle is Lifecycle.DELETED:
                raise NotFound(f"No active experiment with id={id} exists", field="experiment_id")
            unit.experiments.set_lifecycle(scope, id, Lifecycle.DELETED)
            unit.runs.set_lifecycle_of_experiment(scope, id, Lifecycle.DELETED)

        self._store.write(work)

    def restore(self, scope: Scope, id: int) -> None:
        """The experiment and *all* its runs are active again. Raises NotFound if it is not deleted."""
        authorise(scope, Verb.DELETE, "experiment")

        def work(unit: UnitOfWork) -> None:
            if unit.experiments.lock(scope, id).lifecycle is not Lifecycle.DELETED:
                raise NotFound(f"No deleted experiment with id={id} exists", field="experiment_id")
            unit.experiments.set_lifecycle(scope, id, Lifecycle.ACTIVE)
            unit.runs.set_lifecycle_of_experiment(scope, id, Lifecycle.ACTIVE)

        self._store.write(work)

    def set_tags(self, scope: Scope, id: int, tags: Mapping[str, str]) -> None:
        """These tags are set; others stay. Raises NotFound, InvalidInput, InvalidState for a deleted experiment."""
        authorise(scope, Verb.WRITE, "experiment")
        tags = _checked(tags)

        def work(unit: UnitOfWork) -> None:
            self._active(unit, scope, id)
            unit.experiments.set_tags(scope, id, tags)

        self._store.write(work)

    def delete_tag(self, scope: Scope, id: int, key: str) -> None:
        """The tag is gone. Raises NotFound if the experiment or the tag does not exist."""
        authorise(scope, Verb.WRITE, "experiment")

        def work(unit: UnitOfWork) -> None:
            self._active(unit, scope, id)
            if not unit.experiments.delete_tag(scope, id, key):
                raise NotFound(f"No tag with name: {key} in experiment with id {id}", field="key")

        self._store.write(work)

    def search(
        self,
        scope: Scope,
        *,
        view: View = View.ACTIVE,
        where: Expr | None = None,
        order: Sequence[Order] = (),
        limit: int = 1_000,
        token: str | None = None,
    ) -> Page[Experiment]:
        """A page of experiments, newest first unless ordered otherwise."""
        authorise(scope, Verb.READ, "experiment")
        check_search((), order)
        with self._store.read() as unit:
            return unit.experiments.search(scope, view, where, order, min(limit, PAGE_BOUND), token)

    def _active(self, unit: UnitOfWork, scope: Scope, id: int) -> None:
        if unit.experiments.lock(scope, id).lifecycle is Lifecycle.DELETED:
            raise InvalidState(
                f"The experiment {id} must be in the 'active' state. Current state is deleted.",
                field="experiment_id",
                remedy="restore it first",
            )


def _checked(tags: Mapping[str, str]) -> dict[str, str]:
    for key, value in tags.items():
        check_text("tag key", key, TAG_KEY_BOUND)
        check_text("tag value", value, TAG_VALUE_BOUND, blank=True)
    return dict(tags)
