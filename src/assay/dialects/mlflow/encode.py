"""The house's records in MLflow's JSON: unset fields are left out, times are milliseconds."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

from assay.core.tracking import Experiment, Latest, Lifecycle, LoggedModel, RunRecord

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
    """A Metric message."""
    return {"key": item.key, "value": number(item.value), "timestamp": item.time_us // 1_000, "step": item.step}


def run_info(record: RunRecord, experiment_location: str) -> dict[str, Any]:
    """A RunInfo message."""
    run = record.run
    return present(
        run_uuid=run.uid,
        run_id=run.uid,
        run_name=run.name,
        experiment_id=str(run.experiment_id),
        user_id=run.user_name,
        status=STATUS_OUT[run.status],
        start_time=None if run.start_us is None else run.start_us // 1_000,
        end_time=run.end_us // 1_000 if run.end_us else None,  # stock shows no end at 0
        artifact_uri=f"{experiment_location}/{run.uid}/artifacts",
        lifecycle_stage=lifecycle(run.lifecycle),
    )


def run(record: RunRecord, experiment_location: str) -> dict[str, Any]:
    """A Run message."""
    datasets = [
        present(
            tags=pairs(item.tags),
            dataset=present(
                name=item.dataset.name,
                digest=item.dataset.digest,
                source_type=item.dataset.source_type,
                source=item.dataset.source,
                schema=item.dataset.schema,
                profile=item.dataset.profile,
            ),
        )
        for item in record.datasets
    ]
    made = [{"model_id": use.model_uid, "step": use.step} for use in record.model_outputs]
    return {
        "info": run_info(record, experiment_location),
        "data": present(
            metrics=[metric(item) for item in record.metrics if item.context is None],
            params=pairs(record.params),
            tags=pairs(record.tags),
        ),
        "inputs": present(
            dataset_inputs=datasets, model_inputs=[{"model_id": use.model_uid} for use in record.model_inputs]
        ),
        "outputs": present(model_outputs=made),
    }


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
