"""Use cases on logged models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from assay.core.scope import Scope, Verb
from assay.core.search.ast import Expr, Order
from assay.core.tracking import Lifecycle, LoggedModel, ModelStatus, Page
from assay.ports.store import Store, UnitOfWork
from assay.services.base import Service, authorise, check_search, check_text
from assay.wire.errors import NotActive, NotFound

NAME_BOUND = 500
KEY_BOUND = 250
VALUE_BOUND = 6_000
TAG_BOUND = 8_000
PAGE_BOUND = 50_000


def filled(unit: UnitOfWork, models: Sequence[LoggedModel]) -> list[LoggedModel]:
    """The models with params, tags and latest metrics."""
    ids = [model.id for model in models]
    params, tags, latest = unit.owned.params(ids), unit.owned.tags(ids), unit.points.latest(ids)
    return [
        replace(
            model,
            params=params.texts.get(model.id, {}),
            tags=tags.get(model.id, {}),
            metrics=latest.get(model.id, []),
        )
        for model in models
    ]


class ModelService(Service):
    """Create, finish, read, change, search."""

    def __init__(self, store: Store, new_uid: Callable[[], str]) -> None:
        super().__init__(store)
        self._new_uid = new_uid

    def create(
        self,
        scope: Scope,
        experiment_id: int,
        *,
        name: str,
        run_uid: str | None = None,
        model_type: str = "",
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        uid: str | None = None,
    ) -> LoggedModel:
        """A pending model whose files are still to come.

        Raises:
            AlreadyExists: There is a model of this uid.
            NotFound: No such experiment or run.
            NotActive: The experiment is deleted.
            InvalidInput: A name, param or tag is out of bounds.
        """
        authorise(scope, Verb.WRITE, "model")
        check_text("name", name, NAME_BOUND)
        check_text("model_type", model_type, NAME_BOUND, blank=True)
        params, tags = _checked(params or {}, VALUE_BOUND), _checked(tags or {}, TAG_BOUND)
        new = LoggedModel(
            id=0,
            uid=uid or "m-" + self._new_uid(),
            experiment_id=experiment_id,
            run_uid=run_uid,
            name=name,
            model_type=model_type,
            status=ModelStatus.PENDING,
            status_message=None,
            lifecycle=Lifecycle.ACTIVE,
            created_us=0,
            updated_us=0,
            params=params,
            tags=tags,
        )

        def work(unit: UnitOfWork) -> LoggedModel:
            experiment = unit.experiments.lock(scope, experiment_id, shared=True)
            if experiment.lifecycle is Lifecycle.DELETED:
                raise NotActive(
                    f"The experiment {experiment_id} must be in the 'active' state. "
                    f"Current state is {experiment.lifecycle}.",
                    field="experiment_id",
                    remedy="restore the experiment first",
                )
            model = unit.models.add(scope, new)
            unit.owned.insert_params(scope, model.id, params)
            unit.owned.set_tags(scope, model.id, tags)
            return model

        return self._store.write(work)

    def get(self, scope: Scope, uid: str) -> LoggedModel:
        """The model with all it owns. Raises NotFound, also for a deleted one."""
        authorise(scope, Verb.READ, "model")
        with self._store.read() as unit:
            return filled(unit, [_present(unit.models.get(scope, uid))])[0]

    def finish(self, scope: Scope, uid: str, status: ModelStatus, message: str | None = None) -> LoggedModel:
        """The model's files are complete, or failed. Raises NotFound."""
        authorise(scope, Verb.WRITE, "model")

        def work(unit: UnitOfWork) -> LoggedModel:
            model = _present(unit.models.lock(scope, uid))
            unit.models.update(scope, model.id, status=status, status_message=message)
            return filled(unit, [unit.models.get(scope, uid)])[0]

        return self._store.write(work)

    def log_params(self, scope: Scope, uid: str, params: Mapping[str, str]) -> None:
        """These params are recorded. Raises NotFound, ParamChanged, InvalidInput."""
        authorise(scope, Verb.WRITE, "model")
        params = _checked(params, VALUE_BOUND)
        self._store.write(
            lambda unit: unit.owned.insert_params(scope, _present(unit.models.lock(scope, uid)).id, params)
        )

    def set_tags(self, scope: Scope, uid: str, tags: Mapping[str, str]) -> LoggedModel:
        """These tags are set; others stay. Raises NotFound, InvalidInput."""
        authorise(scope, Verb.WRITE, "model")
        tags = _checked(tags, TAG_BOUND)

        def work(unit: UnitOfWork) -> LoggedModel:
            model = _present(unit.models.lock(scope, uid))
            unit.owned.set_tags(scope, model.id, tags)
            return filled(unit, [model])[0]

        return self._store.write(work)

    def delete_tag(self, scope: Scope, uid: str, key: str) -> None:
        """The tag is gone. Raises NotFound if model or tag do not exist."""
        authorise(scope, Verb.WRITE, "model")

        def work(unit: UnitOfWork) -> None:
            model = _present(unit.models.lock(scope, uid))
            if not unit.owned.delete_tag(scope, model.id, key):
                raise NotFound(f"No tag with key {key!r} found for model with ID {uid!r}.", field="tag_key")

        self._store.write(work)

    def delete(self, scope: Scope, uid: str) -> None:
        """The model is deleted; reading it answers NotFound from now on. Raises NotFound if it already is."""
        authorise(scope, Verb.DELETE, "model")
        self._store.write(
            lambda unit: unit.models.set_lifecycle(scope, _present(unit.models.lock(scope, uid)).id, Lifecycle.DELETED)
        )

    def search(
        self,
        scope: Scope,
        experiment_ids: Sequence[int],
        *,
        where: Expr | None = None,
        order: Sequence[Order] = (),
        limit: int = 100,
        token: str | None = None,
    ) -> Page[LoggedModel]:
        """A page of models with all they own, newest first unless ordered otherwise."""
        authorise(scope, Verb.READ, "model")
        check_search(experiment_ids, order)
        with self._store.read() as unit:
            page = unit.models.search(scope, experiment_ids, where, order, min(limit, PAGE_BOUND), token)
            return Page(filled(unit, page.items), page.next_token)


def _present(model: LoggedModel) -> LoggedModel:
    if model.lifecycle is Lifecycle.DELETED:
        raise NotFound(f"Logged model with ID {model.uid!r} not found.", field="model_id")
    return model


def _checked(pairs: Mapping[str, str], bound: int) -> dict[str, str]:
    for key, value in pairs.items():
        check_text("key", key, KEY_BOUND)
        check_text("value", value, bound, blank=True)
    return dict(pairs)
