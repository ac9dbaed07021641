"""Use cases on runs and on what they log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from assay.core.scope import Scope, Verb
from assay.core.search.ast import Expr, Order
from assay.core.tracking import (
    ENDED,
    NAME_TAG,
    PARENT_TAG,
    Dataset,
    DatasetInput,
    Lifecycle,
    Logged,
    ModelUse,
    Page,
    Progress,
    Run,
    RunRecord,
    Status,
    View,
)
from assay.ports.store import Store, Told, UnitOfWork
from assay.services.base import Service, authorise, check_search, check_text
from assay.services.quotas import QuotaService
from assay.services.records import Found, each, records
from assay.services.waiting import future_of
from assay.wire.errors import InvalidInput, NotActive, NotFound, RuleViolation

KEY_BOUND = 250
PARAM_BOUND = 6_000
TAG_BOUND = 8_000
KIND_BOUND = 50
DOCUMENT_BOUND = 1 << 20
NAME_BOUND = 8_000
USER_BOUND = 256
PAGE_BOUND = 50_000


def active(run: Run) -> Run:
    """The run, which may be written to.

    Raises:
        NotActive: It is deleted.
    """
    if run.lifecycle is not Lifecycle.ACTIVE:
        raise NotActive(
            f"The run {run.uid} must be in the 'active' state. Current state is {run.lifecycle}.",
            field="run_id",
            remedy="restore the run first",
        )
    return run


class RunService(Service):
    """Create, read, change, log, search."""

    def __init__(self, store: Store, new_uid: Callable[[], str], quotas: QuotaService | None = None) -> None:
        super().__init__(store)
        self._new_uid = new_uid
        self._quotas = quotas

    def create(
        self,
        scope: Scope,
        experiment_id: int,
        *,
        name: str,
        user_name: str = "",
        status: Status = Status.RUNNING,
        start_us: int | None = None,
        tags: Mapping[str, str] | None = None,
        uid: str | None = None,
    ) -> RunRecord:
        """A new run with its tags; the name is mirrored as a tag, the parent is read from one.

        Raises:
            NotFound: No such experiment.
            NotActive: The experiment is deleted.
            InvalidInput: A name or tag is out of bounds.
        """
        authorise(scope, Verb.WRITE, "run")
        check_text("run_name", name, NAME_BOUND, blank=True)
        check_text("user_id", user_name, USER_BOUND, blank=True)
        all_tags = {**_checked_tags(tags or {}), NAME_TAG: name}
        new = Run(
            id=0,
            uid=uid or self._new_uid(),
            experiment_id=experiment_id,
            name=name,
            status=status,
            lifecycle=Lifecycle.ACTIVE,
            parent_uid=all_tags.get(PARENT_TAG),
            user_name=user_name,
            start_us=start_us,
            end_us=None,
            created_us=0,
            updated_us=0,
        )

        def work(unit: UnitOfWork) -> RunRecord:
            experiment = unit.experiments.lock(scope, experiment_id, shared=True)
            if experiment.lifecycle is Lifecycle.DELETED:
                raise NotActive(
                    f"The experiment {experiment_id} must be in the 'active' state. "
                    f"Current state is {experiment.lifecycle}.",
                    field="experiment_id",
                    remedy="restore the experiment first",
                )
            run = unit.runs.add(scope, new)
            unit.owned.set_tags(scope, run.id, all_tags)
            return RunRecord(run, {}, all_tags)

        return self._store.write(work)

    def get(self, scope: Scope, uid: str) -> RunRecord:
        """The run with all it owns, deleted or not. Raises NotFound."""
        authorise(scope, Verb.READ, "run")
        with self._store.read() as unit:
            return records(unit, [unit.runs.get(scope, uid)])[0]

    def head(self, scope: Scope, uid: str) -> Run:
        """The run's own columns. Raises NotFound."""
        authorise(scope, Verb.READ, "run")
        with self._store.read() as unit:
            return unit.runs.get(scope, uid)

    def update(
        self,
        scope: Scope,
        uid: str,
        *,
        name: str | None = None,
        status: Status | None = None,
        end_us: int | None = None,
    ) -> Run:
        """What is given is changed; a new name is mirrored as a tag. Raises NotFound, NotActive, InvalidInput."""
        authorise(scope, Verb.WRITE, "run")
        if name is not None:
            check_text("run_name", name, NAME_BOUND, blank=True)

        def work(unit: UnitOfWork) -> Run:
            run = active(unit.runs.lock(scope, uid))
            unit.runs.update(scope, run.id, name=name, status=status, end_us=end_us)
            if name is not None:
                unit.owned.set_tags(scope, run.id, {NAME_TAG: name})
            going_on = status is not None and status not in ENDED and run.status in ENDED
            return replace(
                run,
                name=run.name if name is None else name,
                status=status or run.status,
                end_us=run.end_us if end_us is None else end_us,
                stop_us=None if going_on else run.stop_us,
            )

        return self._store.write(work)

    def stop(self, scope: Scope, uid: str) -> Run:
        """The run is asked to stop; doing so twice is fine. It goes on until its process has read that.

        Raises:
            NotFound: No such run.
            NotActive: It is deleted.
            RuleViolation: It has ended.
        """
        authorise(scope, Verb.WRITE, "run")

        def work(unit: UnitOfWork) -> Run:
            run = active(unit.runs.lock(scope, uid))
            if run.stop_us is not None:
                return run
            if run.status in ENDED:
                raise RuleViolation(
                    f"The run {uid} is {run.status}", field="run_id", remedy="stop runs that are scheduled or running"
                )
            unit.runs.stop(scope, run.id)
            return unit.runs.get(scope, uid)

        return self._store.write(work)

    def delete(self, scope: Scope, uid: str) -> None:
        """The run is deleted until restored or purged; doing so twice is fine. Raises NotFound."""
        self._set_lifecycle(scope, uid, Lifecycle.DELETED)

    def restore(self, scope: Scope, uid: str) -> None:
        """The run is active; doing so twice is fine. Raises NotFound."""
        self._set_lifecycle(scope, uid, Lifecycle.ACTIVE)

    def _set_lifecycle(self, scope: Scope, uid: str, lifecycle: Lifecycle) -> None:
        authorise(scope, Verb.DELETE, "run")

        def work(unit: UnitOfWork) -> None:
            run = unit.runs.lock(scope, uid)
            if run.lifecycle is not lifecycle:
                unit.runs.set_lifecycle(scope, run.id, lifecycle)

        self._store.write(work)

    def log(self, scope: Scope, logged: Logged) -> Future[None]:
        """As `log_soon`, with a future that ends when the call is on disk."""
        return future_of(partial(self.log_soon, scope, logged))

    def log_soon(self, scope: Scope, logged: Logged, told: Told) -> None:
        """Points, params and tags of one call, together or not at all; tells when they are on disk.

        What may be told: NotFound, NotActive, ParamChanged (nothing of the call is kept), SequenceGap, Conflict (the
        run was rewound), Unavailable.

        Raises:
            InvalidInput: A key or text is out of bounds, or records are counted wrongly.
            QuotaExceeded: The workspace may hold no more points, or names of keys.
        """
        authorise(scope, Verb.WRITE, "run")
        for key, value in logged.params.items():
            check_text("param key", key, KEY_BOUND)
            check_text("param value", value, PARAM_BOUND, blank=True)
        if logged.tags:
            _checked_tags(logged.tags)
        for item in logged.logged_values:
            check_text("value key", item.key, KEY_BOUND)
            check_text("value kind", item.kind, KIND_BOUND)
            check_text("value document", item.document, DOCUMENT_BOUND)
        if logged.rest_count is not None:
            _check_rest(logged)
        if self._quotas is not None:
            self._quotas.admit_points(scope, len(logged.values) + len(logged.model_points))
        self._store.log(scope, logged, told)

    def open_writer(self, scope: Scope, uid: str, name: str, stream: str, *, heartbeats: bool = True) -> Progress:
        """How far the writer got in this stream; a heartbeating one that falls silent makes a running run `lost`.

        Raises:
            NotFound: No such run.
            NotActive: It is deleted.
            InvalidInput: A name is out of bounds.
        """
        authorise(scope, Verb.WRITE, "run")
        check_text("writer", name, KEY_BOUND)
        check_text("stream", stream, KEY_BOUND)

        def work(unit: UnitOfWork) -> Progress:
            run = active(unit.runs.lock(scope, uid))
            return unit.writers.open(scope, run.id, name, stream, heartbeats=heartbeats)

        return self._store.write(work)

    def heartbeat(self, scope: Scope, uid: str, name: str) -> None:
        """The writer is alive. Raises NotFound."""
        authorise(scope, Verb.WRITE, "run")
        self._store.write(lambda unit: unit.writers.seen(unit.runs.lock(scope, uid).id, name))

    def change_tag(
        self, scope: Scope, uid: str, key: str, change: Callable[[str | None], str], bound: int = TAG_BOUND
    ) -> None:
        """The tag is what `change` makes of it, or of None; nobody else sets it meanwhile.

        Raises:
            NotFound: No such run.
            NotActive: It is deleted.
            InvalidInput: The new value is out of bounds.
        """
        authorise(scope, Verb.WRITE, "run")
        check_text("tag key", key, KEY_BOUND)

        def work(unit: UnitOfWork) -> None:
            run = active(unit.runs.lock(scope, uid))
            value = change(unit.owned.tags([run.id]).get(run.id, {}).get(key))
            unit.owned.set_tags(scope, run.id, {key: check_text("tag value", value, bound, blank=True)})
            unit.runs.touch(scope, run.id)

        self._store.write(work)

    def delete_tag(self, scope: Scope, uid: str, key: str) -> None:
        """The tag is gone, and with it the parent that it named. Raises NotFound for run or tag, NotActive."""
        authorise(scope, Verb.WRITE, "run")

        def work(unit: UnitOfWork) -> None:
            run = active(unit.runs.lock(scope, uid))
            if not unit.owned.delete_tag(scope, run.id, key):
                raise NotFound(f"No tag with name: {key} in run with id {uid}", field="key")
            if key == PARENT_TAG:
                unit.runs.set_parent(scope, run.id, None)
            unit.runs.touch(scope, run.id)

        self._store.write(work)

    def add_inputs(
        self, scope: Scope, uid: str, datasets: Sequence[DatasetInput], models: Sequence[ModelUse] = ()
    ) -> None:
        """The run used these datasets and models. Raises NotFound, NotActive, InvalidInput."""
        authorise(scope, Verb.WRITE, "run")

        def work(unit: UnitOfWork) -> None:
            run = active(unit.runs.lock(scope, uid))
            unit.lineage.add_inputs(scope, run.id, run.experiment_id, datasets, models)
            unit.runs.touch(scope, run.id)

        self._store.write(work)

    def add_outputs(self, scope: Scope, uid: str, models: Sequence[ModelUse]) -> None:
        """The run made these models. Raises NotFound, NotActive."""
        authorise(scope, Verb.WRITE, "run")

        def work(unit: UnitOfWork) -> None:
            run = active(unit.runs.lock(scope, uid))
            unit.lineage.add_outputs(scope, run.id, models)
            unit.runs.touch(scope, run.id)

        self._store.write(work)

    def datasets(
        self, scope: Scope, experiment_ids: Sequence[int], limit: int = 1_000
    ) -> list[tuple[int, Dataset, str | None]]:
        """(experiment id, dataset, context) of what runs of these experiments used."""
        authorise(scope, Verb.READ, "run")
        with self._store.read() as unit:
            return unit.lineage.datasets(scope, experiment_ids, limit)

    def search(
        self,
        scope: Scope,
        experiment_ids: Sequence[int],
        *,
        view: View = View.ACTIVE,
        where: Expr | None = None,
        order: Sequence[Order] = (),
        limit: int = 1_000,
        token: str | None = None,
    ) -> Page[RunRecord]:
        """A page of runs with all they own. Newest start first, then by uid, unless ordered otherwise."""
        with self.found(scope, experiment_ids, view, where, order, limit, token) as page:
            return Page(list(page.runs), page.next_token)

    @contextmanager
    def found(
        self,
        scope: Scope,
        experiment_ids: Sequence[int],
        view: View = View.ACTIVE,
        where: Expr | None = None,
        order: Sequence[Order] = (),
        limit: int = 1_000,
        token: str | None = None,
    ) -> Iterator[Found]:
        """The same page, to go through once while it is open: memory holds what some of the runs own."""
        authorise(scope, Verb.READ, "run")
        check_search(experiment_ids, order)
        with self._store.read() as unit:
            page = unit.runs.search(scope, experiment_ids, view, where, order, min(limit, PAGE_BOUND), token)
            yield Found(each(unit, page.items), page.next_token, partial(unit.experiments.get, scope))


def _checked_tags(tags: Mapping[str, str]) -> dict[str, str]:
    for key, value in tags.items():
        check_text("tag key", key, KEY_BOUND)
        check_text("tag value", value, TAG_BOUND, blank=True)
    return dict(tags)


def _check_rest(logged: Logged) -> None:
    others = logged.params or logged.tags or logged.model_points
    if logged.rest_count != len(logged.logged_values) or others:
        raise InvalidInput(
            "Logged values that are records of their own are counted wrongly, or do not come alone",
            field="rest_count",
            bound=len(logged.logged_values),
            remedy="count the logged values, and send params, tags and points of models by themselves",
        )
