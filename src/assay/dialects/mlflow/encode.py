"""The house's records in MLflow's JSON: unset fields are left out, times are milliseconds."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from assay.core.tracking import DatasetInput, Experiment, Latest, Lifecycle, LoggedModel, RunRecord

STATUS_OUT = {
    "scheduled": "SCHEDULED",
    "running": "RUNNING",
    "finished": "FINISHED",
    "failed": "FAILED",
    "interrupted": "KILLED",
    "stopped": "KILLED",
}
STATUS_IN = {
    "SCHEDULED": "scheduled",
    "RUNNING": "running",
    "FINISHED": "finished",
    "FAILED": "failed",
    "KILLED": "interrupted",
}
MODEL_STATUS_OUT = {
    "pending": "LOGGED_MODEL_PENDING",
    "ready": "LOGGED_MODEL_READY",
    "failed": "LOGGED_MODEL_UPLOAD_FAILED",
}
ROOT = "mlflow-artifacts:/"


def number(value: float) -> float | str:
    """A metric's value: NaN as text, infinities as the largest double, as stock does."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return sys.float_info.max if value > 0 else -sys.float_info.max


def lifecycle(value: Lifecycle) -> str:
    """MLflow knows active and deleted; an archived experiment is active."""
    return "deleted" if value is Lifecycle.DELETED else "active"


def location(experiment: Experiment) -> str:
    """Where the experiment's files lie."""
    return experiment.artifact_location or f"{ROOT}{experiment.id}"


def pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    """A dict as a repeated (key, value) message."""
    return [{"key": key, "value": value} for key, value in values.items()]


def present(**fields: Any) -> dict[str, Any]:
    """The fields that are set: not None, not empty lists."""
    return {name: value for name, value in fields.items() if value is not None and value != []}


def experiment(record: Experiment) -> dict[str, Any]:
    """An Experiment message."""
    return present(
        experiment_id=str(record.id),
        name=record.name,
        artifact_location=location(record),
        lifecycle_stage=lifecycle(record.lifecycle),
        last_update_time=record.updated_us // 1_000,
        creation_time=record.created_us // 1_000,
        tags=pairs(record.tags),
        workspace="default",
    )


def metric(item: Latest) -> dict[str, Any]:
    """A Metric message of a model."""
    return {"key": item.key, "value": number(item.value), "timestamp": item.time_us // 1_000, "step": item.step}


class Pair(msgspec.Struct, gc=False):
    """A Param or RunTag message."""

    key: str
    value: str


class Metric(msgspec.Struct, gc=False):
    """A Metric message of a run."""

    key: str
    value: float | str
    timestamp: int
    step: int


class RunInfo(msgspec.Struct):
    """A RunInfo message."""

    run_uuid: str
    run_id: str
    run_name: str
    experiment_id: str
    user_id: str
    status: str
    start_time: int | UnsetType
    end_time: int | UnsetType
    artifact_uri: str
    lifecycle_stage: str


class RunData(msgspec.Struct, omit_defaults=True):
    """A RunData message."""

    metrics: list[Metric] = []
    params: list[Pair] = []
    tags: list[Pair] = []


class Run(msgspec.Struct):
    """A Run message. Structs: of a page of ten thousand runs, dicts would take several times as long."""

    info: RunInfo
    data: RunData
    inputs: dict[str, Any]
    outputs: dict[str, Any] | UnsetType


def run_info(record: RunRecord, experiment_location: str) -> RunInfo:
    """A RunInfo message."""
    run = record.run
    return RunInfo(
        run.uid,
        run.uid,
        run.name,
        str(run.experiment_id),
        run.user_name,
        STATUS_OUT[run.status],
        UNSET if run.start_us is None else run.start_us // 1_000,
        run.end_us // 1_000 if run.end_us else UNSET,  # stock shows no end at 0
        f"{experiment_location}/{run.uid}/artifacts",
        lifecycle(run.lifecycle),
    )


def run(record: RunRecord, experiment_location: str) -> Run:
    """A Run message."""
    params, tags, finite = record.params, record.tags, math.isfinite
    metrics = [
        Metric(key, value if finite(value) else number(value), time_us // 1_000, step)
        for key, value, step, time_us, _, _, context in record.metrics
        if context is None
    ]
    return Run(
        run_info(record, experiment_location),
        RunData(metrics, list(map(Pair, params.keys(), params.values())), list(map(Pair, tags.keys(), tags.values()))),
        present(
            dataset_inputs=list(map(_dataset, record.datasets)),
            model_inputs=[{"model_id": use.model_uid} for use in record.model_inputs],
        ),
        present(model_outputs=[{"model_id": use.model_uid, "step": use.step} for use in record.model_outputs]),
    )


def _dataset(item: DatasetInput) -> dict[str, Any]:
    of = item.dataset
    return present(
        tags=pairs(item.tags),
        dataset=present(
            name=of.name,
            digest=of.digest,
            source_type=of.source_type,
            source=of.source,
            schema=of.schema,
            profile=of.profile,
        ),
    )


def model(record: LoggedModel, experiment_location: str) -> dict[str, Any]:
    """A LoggedModel message."""
    return {
        "info": present(
            model_id=record.uid,
            experiment_id=str(record.experiment_id),
            name=record.name,
            creation_timestamp_ms=record.created_us // 1_000,
            last_updated_timestamp_ms=record.updated_us // 1_000,
            artifact_uri=f"{experiment_location}/models/{record.uid}/artifacts",
            status=MODEL_STATUS_OUT[record.status],
            model_type=record.model_type,
            source_run_id=record.run_uid or "",
            status_message=record.status_message,
            tags=pairs(record.tags),
        ),
        "data": present(
            params=pairs(record.params),
            metrics=[
                metric(item)
                | present(
                    model_id=record.uid,
                    run_id=(item.context or {}).get("run"),
                    dataset_name=(item.context or {}).get("dataset_name"),
                    dataset_digest=(item.context or {}).get("dataset_digest"),
                )
                for item in record.metrics
            ],
        ),
    }
