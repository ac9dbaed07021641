"""MLflow's reads of metric histories."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import numpy as np

from assay.core.points.columns import Points
from assay.dialects.mlflow import encode, fields
from assay.dialects.mlflow.calls import Call, route
from assay.dialects.mlflow.runs import run_id
from assay.services.history import sample_evenly
from assay.wire.errors import InvalidInput, NotFound

BULK_RUNS = 100
BULK_POINTS = 25_000
INTERVAL_POINTS = 2_500


def by_time(points: Points) -> Points:
    """The points in MLflow's order: time, step, value."""
    shown = np.where(np.isnan(points.value), 0.0, points.value)
    return points.take(np.lexsort((shown, points.step, points.time_us)))


def encoded(points: Points, key: str, run: str | None = None) -> list[dict[str, Any]]:
    """Metric messages; with a run, those of the bulk routes."""
    extra = {} if run is None else {"run_id": run}
    return [
        {"key": key, "value": encode.number(value), "timestamp": time_us // 1_000, "step": step, **extra}
        for value, time_us, step in zip(
            points.value.tolist(), points.time_us.tolist(), points.step.tolist(), strict=True
        )
    ]


@route("GET", "metrics/get-history")
def get_history(call: Call) -> dict[str, Any]:
    """One metric's history, paged; an unknown run or metric has none."""
    uid, key = run_id(call), fields.needed(call.fields, "metric_key")
    limit = fields.integer(call.fields, "max_results")
    if limit is not None and limit <= 0:
        raise InvalidInput(
            f"Invalid value {limit} for parameter 'max_results' supplied. It must be a positive integer.",
            field="max_results",
        )
    start = _offset(fields.text(call.fields, "page_token"))
    try:
        points = by_time(call.services.history.history(call.scope, uid, key))
    except NotFound:
        return {}
    end = len(points) if limit is None else min(start + limit, len(points))
    return encode.present(
        metrics=encoded(points.take(slice(start, end)), key),
        next_page_token=_token(end) if end < len(points) else None,
    )


def _token(offset: int) -> str:
    return base64.b64encode(f'{{"offset": {offset}}}'.encode()).decode()


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        text = base64.b64decode(token, validate=True).decode()
        offset = int(text.removeprefix('{"offset": ').removesuffix("}"))
        if offset >= 0 and _token(offset) == token:
            return offset
    except (ValueError, binascii.Error):
        pass
    raise InvalidInput("Invalid page token, could not base64-decode", field="page_token")


def _bulk_runs(call: Call) -> list[str]:
    uids = fields.texts(call.fields, "run_id")
    if not uids:
        raise InvalidInput("GetMetricHistoryBulk request must specify at least one run_id.", field="run_id")
    if len(uids) > BULK_RUNS:
        raise InvalidInput(
            f"GetMetricHistoryBulk request cannot specify more than {BULK_RUNS} run_ids. Received {len(uids)} run_ids.",
            field="run_id",
            bound=BULK_RUNS,
        )
    return uids


def _interval_runs(call: Call) -> list[str]:
    uids = fields.texts(call.fields, "run_ids")
    if not uids:
        raise fields.missing("run_ids")
    if len(uids) > BULK_RUNS:
        raise InvalidInput(
            f"GetMetricHistoryBulkInterval request must specify at most {BULK_RUNS} run_ids. Received {len(uids)} "
            "run_ids. See the API docs for more information about request parameters.",
            field="run_ids",
            bound=BULK_RUNS,
        )
    return uids


@route("GET", "metrics/get-history-bulk")
def get_history_bulk(call: Call) -> dict[str, Any]:
    """One metric of up to 100 runs, at most 25,000 points in all."""
    uids, key = _bulk_runs(call), fields.text(call.fields, "metric_key")
    if key is None:
        raise InvalidInput("GetMetricHistoryBulk request must specify a metric_key.", field="metric_key")
    wanted = fields.integer(call.fields, "max_results", low=0)
    limit = BULK_POINTS if wanted is None else min(wanted, BULK_POINTS)
    found = call.services.history.histories(call.scope, uids, key)
    answer: list[dict[str, Any]] = []
    for uid in sorted(found):
        answer.extend(encoded(by_time(found[uid]).take(slice(0, limit - len(answer))), key, uid))
    return {"metrics": answer}


def _sampled(points: Points, count: int) -> Points:
    """Evenly spaced points, never more than asked for: the last of all takes the place of the last sampled."""
    found = sample_evenly(points, count)
    return found.take(np.delete(np.arange(len(found)), -2)) if len(found) > count else found


@route("GET", "metrics/get-history-bulk-interval")
def get_history_bulk_interval(call: Call) -> dict[str, Any]:
    """One metric of up to 100 runs, evenly sampled, first and last point kept."""
    uids, key = _interval_runs(call), fields.needed(call.fields, "metric_key")
    count = fields.integer(call.fields, "max_results")
    if count is None:
        count = INTERVAL_POINTS
    elif not 1 <= count <= INTERVAL_POINTS:
        raise InvalidInput(
            f"max_results must be between 1 and {INTERVAL_POINTS}. "
            "See the API docs for more information about request parameters.",
            field="max_results",
            bound=INTERVAL_POINTS,
        )
    low, high = fields.integer(call.fields, "start_step"), fields.integer(call.fields, "end_step")
    if (low is None) != (high is None):
        raise InvalidInput("If either start step or end step are specified, both must be specified.", field="end_step")
    if low is not None and high is not None and low > high:
        raise InvalidInput(
            f"end_step must be greater than start_step. Found start_step={low} and end_step={high}.",
            field="end_step",
        )
    answer: list[dict[str, Any]] = []
    found = call.services.history.histories(call.scope, uids, key)
    for uid, points in ((uid, found[uid]) for uid in dict.fromkeys(uids) if uid in found):
        if low is not None and high is not None:
            points = points.take((points.step >= low) & (points.step <= high))  # noqa: PLW2901
        answer.extend(encoded(_sampled(points, count), key, uid))
    return encode.present(metrics=answer)
