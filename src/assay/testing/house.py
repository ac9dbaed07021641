"""A workspace of its own over any store, with the services that a dialect would call and short words for the usual."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from assay.core.points.columns import Points
from assay.core.scope import Scope
from assay.core.tracking import Latest, Logged, LoggedModel, ModelStatus, Run, Writer
from assay.ports.store import Store
from assay.services.branches import BranchService
from assay.services.bulk import BulkService
from assay.services.changes import ChangesService
from assay.services.comments import CommentService
from assay.services.configs import ConfigService
from assay.services.console import ConsoleService
from assay.services.experiments import ExperimentService
from assay.services.finding import FindingService
from assay.services.grouping import GroupingService
from assay.services.groups import GroupService
from assay.services.history import HistoryService
from assay.services.imports import ImportService
from assay.services.models import ModelService
from assay.services.runs import RunService
from assay.services.series import SeriesService
from assay.services.statistics import StatisticsService
from assay.services.views import SavedViewService

T = TypeVar("T")
_workspaces = itertools.count(1_000)


def new_uid() -> str:
    """A run's name for its clients: 32 hex digits."""
    return uuid.uuid4().hex


@dataclass
class House:
    """An experiment in a fresh workspace, so that one store serves many tests."""

    store: Store
    scope: Scope = field(default_factory=lambda: Scope(next(_workspaces)))

    def __post_init__(self) -> None:
        self.experiments = ExperimentService(self.store)
        self.runs = RunService(self.store, new_uid)
        self.configs = ConfigService(self.store)
        self.branches = BranchService(self.store, new_uid)
        self.changes = ChangesService(self.store)
        self.imports = ImportService(self.store)
        self.bulk = BulkService(self.store)
        self.finding = FindingService(self.store)
        self.grouping = GroupingService(self.store, time.monotonic)
        self.comments = CommentService(self.store, new_uid)
        self.views = SavedViewService(self.store, new_uid)
        self.console = ConsoleService(self.store)
        self.groups = GroupService(self.store)
        self.history = HistoryService(self.store)
        self.series = SeriesService(self.store)
        self.models = ModelService(self.store, new_uid)
        self.statistics = StatisticsService(self.store, time.monotonic)
        self.experiment_id = self.experiments.create(self.scope, "experiment").id

    def run(self, name: str = "run", **given: Any) -> str:
        """The uid of a new run."""
        return self.runs.create(self.scope, self.experiment_id, name=name, **given).run.uid

    def head(self, uid: str) -> Run:
        """The run's own columns."""
        return self.runs.head(self.scope, uid)

    def send(
        self,
        uid: str,
        key: str,
        values: Sequence[float],
        steps: Sequence[int] | None = None,
        times_us: Sequence[int] | None = None,
        **given: Any,
    ) -> Future[None]:
        """Logs values of one key, at steps 0, 1, 2 ... unless told otherwise, each at the time of its step."""
        steps = range(len(values)) if steps is None else steps
        given.setdefault("times_us", steps if times_us is None else times_us)
        return self.runs.log(self.scope, Logged(uid, [key] * len(values), list(values), steps, **given))

    def log(self, uid: str, key: str, values: Sequence[float], *given: Sequence[int], **others: Any) -> None:
        """`send`, and waits until it is on disk."""
        self.send(uid, key, values, *given, **others).result()

    def note(
        self, uid: str, params: Mapping[str, str] | None = None, tags: Mapping[str, str] | None = None, **given: Any
    ) -> None:
        """Logs params and tags."""
        self.runs.log(self.scope, Logged(uid, params=params or {}, tags=tags or {}, **given)).result()

    def points(self, uid: str, key: str, context: Mapping[str, str] | None = None) -> Points:
        """The history of one series."""
        return self.history.history(self.scope, uid, key, context=context)

    def values(self, uid: str, key: str, context: Mapping[str, str] | None = None) -> list[float]:
        """The values of one series."""
        found: list[float] = self.points(uid, key, context).value.tolist()
        return found

    def latest(self, uid: str, key: str) -> Latest:
        """The latest value of a series without context."""
        metrics = self.runs.get(self.scope, uid).metrics
        (found,) = [item for item in metrics if item.key == key and item.context is None]
        return found

    def params(self, uid: str) -> dict[str, str]:
        """The params of a run."""
        return dict(self.runs.get(self.scope, uid).params)

    def defaulted(self, uid: str) -> list[str]:
        """The keys of the run's params that nobody chose."""
        return list(self.runs.get(self.scope, uid).defaulted)

    def tags(self, uid: str) -> dict[str, str]:
        """The tags of a run, without those that mirror its attributes."""
        tags = self.runs.get(self.scope, uid).tags
        return {key: value for key, value in tags.items() if not key.startswith("mlflow.")}

    def model(self, name: str = "model") -> LoggedModel:
        """A new logged model that is ready."""
        made = self.models.create(self.scope, self.experiment_id, name=name)
        return self.models.finish(self.scope, made.uid, ModelStatus.READY)

    def write(self, work: Callable[[Any], T]) -> T:
        """The result of some work in one transaction."""
        return self.store.write(work)


def writer(first_seq: int, name: str = "w", epoch: int = 0, stream: str = "points") -> Writer:
    """Who sends, from this number on."""
    return Writer(name, stream, epoch, first_seq)
