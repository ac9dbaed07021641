"""What /api/v1 answers: its structs, and how the house's records become them. A NaN or infinity is null."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from assay.core.scope import Scope
from assay.core.tracking import NOTE_TAG, DatasetInput, Latest, LoggedValue, RunRecord
from assay.core.tracking import Experiment as ExperimentRecord
from assay.core.tracking import LoggedModel as ModelRecord
from assay.services.house import Services
from assay.wire.keys import SUMMARY

Lifecycle = Literal["active", "archived", "deleted"]
State = Literal["scheduled", "running", "finished", "failed", "interrupted", "stopped", "lost"]


class Experiment(msgspec.Struct):
    """An experiment."""

    id: int
    name: str
    lifecycle: Lifecycle
    created_us: int
    tags: dict[str, str]


class Metric(msgspec.Struct, gc=False):
    """A metric's last value, its step and time, and the extremes."""

    last: float | None
    min: float | None
    max: float | None
    step: int
    time_us: int


class MetricInContext(msgspec.Struct):
    """The same, measured in a context."""

    key: str
    context: dict[str, str] | None
    last: float | None
    min: float | None
    max: float | None
    step: int
    time_us: int


class UsedDataset(msgspec.Struct):
    """A dataset that a run used."""

    name: str
    digest: str
    source_type: str
    source: str
    tags: dict[str, str]
    schema: str | None = None
    profile: str | None = None


class Run(msgspec.Struct):
    """A run as lists show it. `defaulted`: the keys of those params that nobody chose."""

    id: str
    experiment_id: int
    name: str
    status: State
    lifecycle: Lifecycle
    parent: str | None
    user: str
    start_us: int | None
    end_us: int | None
    params: dict[str, str]
    defaulted: list[str]
    tags: dict[str, str]
    metrics: dict[str, Metric]


class RunDetail(Run):
    """A run with all it has. `stop_us`: when somebody asked it to stop; `models_made_at`: a model's step."""

    note: str
    summary: dict[str, Any]
    metrics_in_context: list[MetricInContext]
    datasets: list[UsedDataset]
    models_used: list[str]
    models_made: list[str]
    models_made_at: dict[str, int]
    groups: list[str]
    config: dict[str, Any]
    created_us: int
    updated_us: int
    stop_us: int | None = None


class Model(msgspec.Struct):
    """A logged model."""

    id: str
    experiment_id: int
    run: str | None
    name: str
    type: str
    status: Literal["pending", "ready", "failed"]
    status_message: str | None
    created_us: int
    updated_us: int
    params: dict[str, str]
    tags: dict[str, str]
    metrics: list[MetricInContext]


def experiment(record: ExperimentRecord) -> Experiment:
    """An experiment as JSON."""
    return Experiment(record.id, record.name, record.lifecycle.value, record.created_us, dict(record.tags))


def run(record: RunRecord) -> Run:
    """A run as JSON."""
    run = record.run
    return Run(
        run.uid,
        run.experiment_id,
        run.name,
        "lost" if run.lost else run.status.value,
        run.lifecycle.value,
        run.parent_uid,
        run.user_name,
        run.start_us,
        run.end_us,
        dict(record.params),
        list(record.defaulted),
        dict(record.tags),
        {
            key: Metric(value, low, high, step, time_us)
            for key, value, step, time_us, low, high, context in record.metrics
            if context is None
        },
    )


def measured(item: Latest) -> MetricInContext:
    """A series' latest value, in its context."""
    context = None if item.context is None else dict(item.context)
    return MetricInContext(item.key, context, item.value, item.min, item.max, item.step, item.time_us)


def detail(services: Services, scope: Scope, record: RunRecord) -> RunDetail:
    """A run as JSON with what only its own page shows."""
    of = record.run
    return RunDetail(
        **msgspec.structs.asdict(run(record)),
        note=record.tags.get(NOTE_TAG, ""),
        summary=summary(record.metrics, services.history.within(scope, of.uid, SUMMARY)),
        metrics_in_context=[
            measured(item) for item in record.metrics if item.context is not None and item.context != SUMMARY
        ],
        datasets=list(map(_dataset, record.datasets)),
        models_used=[use.model_uid for use in record.model_inputs],
        models_made=[use.model_uid for use in record.model_outputs],
        models_made_at={use.model_uid: use.step for use in record.model_outputs},
        groups=services.groups.of_run(scope, of.uid),
        config=services.configs.get(scope, of.uid)[1],
        created_us=of.created_us,
        updated_us=of.updated_us,
        stop_us=of.stop_us,
    )


def summary(metrics: Sequence[Latest], values: Sequence[LoggedValue]) -> dict[str, Any]:
    """What is said of the run as a whole: of a key that was given a number and something else, the later one."""
    said: list[tuple[int, str, Any]] = [
        (item.time_us, item.key, item.value) for item in metrics if item.context == SUMMARY
    ]
    said += [(item.time_us, item.key, msgspec.Raw(item.document.encode())) for item in values]
    return {key: value for _, key, value in sorted(said, key=lambda item: item[:2])}


def _dataset(item: DatasetInput) -> UsedDataset:
    of = item.dataset
    return UsedDataset(of.name, of.digest, of.source_type, of.source, dict(item.tags), of.schema, of.profile)


def model(record: ModelRecord) -> Model:
    """A logged model as JSON."""
    return Model(
        record.uid,
        record.experiment_id,
        record.run_uid,
        record.name,
        record.model_type,
        record.status.value,
        record.status_message,
        record.created_us,
        record.updated_us,
        dict(record.params),
        dict(record.tags),
        [measured(item) for item in record.metrics],
    )


def document(context: Mapping[str, str] | None) -> str:
    """A context as one text, the same for the same context; empty for none."""
    return "" if context is None else json.dumps(dict(context), sort_keys=True, ensure_ascii=False)
