"""MLflow's routes that log: decoded by typed structs, and answered when the bytes are on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
import numpy as np

from assay.core.points.columns import Ints
from assay.core.scope import Scope
from assay.core.tracking import Logged, ModelPoint
from assay.dialects.mlflow import fields
from assay.dialects.mlflow.plain import UNREADABLE, Columns, Metric, Pair
from assay.services.house import Services
from assay.services.waiting import ended
from assay.wire.errors import InvalidInput, ParamChanged

MAX_METRICS, MAX_PARAMS, MAX_TAGS, MAX_ALL = 1_000, 100, 100, 1_000


# A body, and what decodes it leniently, where a typed decoder refuses it.
Read = Callable[[bytes, Callable[[], dict[str, Any]]], Logged]


class Point(Metric, kw_only=True, gc=False):
    """The body of log-metric."""

    run_id: str


POINT = msgspec.json.Decoder(Point)


def _metric(item: dict[str, Any], name: str) -> Metric:
    prefix = f"{name}." if name else ""
    if item.get("value") in (None, ""):
        raise fields.missing(f"{prefix}value")
    if item.get("timestamp") is None:
        raise fields.missing(f"{prefix}timestamp")
    timestamp = fields.integer(item, "timestamp")
    assert timestamp is not None
    return Metric(
        fields.key(item.get("key"), "metric", prefix),
        fields.number(item["value"], f"{prefix}value"),
        timestamp,
        fields.integer(item, "step") or 0,
        fields.text(item, "model_id") or None,
        fields.text(item, "dataset_name"),
        fields.text(item, "dataset_digest"),
    )


def _run_id(given: dict[str, Any]) -> str:
    return fields.text(given, "run_id") or fields.text(given, "run_uuid") or fields.needed({}, "run_id")


def _place(metrics: Sequence[Metric], name: str, value: object) -> str:
    return f"metrics[{next(i for i, metric in enumerate(metrics) if getattr(metric, name) == value)}]."


def _column(numbers: list[int], low: int, high: int) -> Ints | None:
    """The numbers as a column, or None if one of them is out of bounds."""
    try:
        column = np.array(numbers, np.int64)
    except OverflowError:
        return None
    return column if not numbers or (column.min() >= low and column.max() <= high) else None


def _logged(run_id: str, metrics: Sequence[Metric], *, batched: bool = False) -> Logged:
    keys = [metric.key for metric in metrics]
    for name in dict.fromkeys(keys):
        try:
            fields.key(name, "metric")
        except InvalidInput:
            fields.key(name, "metric", _place(metrics, "key", name) if batched else "")
    times = [metric.timestamp for metric in metrics]
    time_column = _column(times, 0, fields.MAX_MS)
    if time_column is None:
        bad = min(times) if min(times) < 0 else max(times)
        metric = metrics[times.index(bad)]
        raise fields.wrong(
            (_place(metrics, "timestamp", bad) if batched else "") + "timestamp",
            bad,
            f"metric '{metric.key}' (value={metric.value}). Timestamp must be a nonnegative long (64-bit integer) ",
        )
    steps = [metric.step for metric in metrics]
    step_column = _column(steps, -fields.INT64, fields.INT64 - 1)
    if step_column is None:
        raise fields.wrong("step", max(steps, key=abs))
    return Logged(
        run_id,
        keys,
        np.array([metric.value for metric in metrics], np.float64),
        step_column,
        time_column * 1_000,
        model_points=[
            ModelPoint(m.model_id, m.key, m.value, m.step, m.timestamp * 1_000, m.dataset_name, m.dataset_digest)
            for m in metrics
            if m.model_id
        ],
    )


def _check_sizes(metrics: int, params: int, tags: int) -> None:
    for count, bound, what in (
        (metrics, MAX_METRICS, "metrics"),
        (params, MAX_PARAMS, "params"),
        (tags, MAX_TAGS, "tags"),
    ):
        if count > bound:
            raise InvalidInput(
                f"A batch logging request can contain at most {bound} {what}. Got {count} {what}. Please split up "
                f"{what} across multiple requests and try again.",
                field=what,
                bound=bound,
            )
    if metrics + params + tags > MAX_ALL:
        what = "metrics, params, and tags"
        raise InvalidInput(
            f"A batch logging request can contain at most {MAX_ALL} {what}. Got {metrics + params + tags} {what}. "
            f"Please split up {what} across multiple requests and try again.",
            field="metrics",
            bound=MAX_ALL,
        )


def batch(columns: Columns | None, lenient: Callable[[], dict[str, Any]]) -> Logged:
    """What a log-batch body brings: its columns, or what the lenient decoder finds where they are none or wrong."""
    if columns is not None and (logged := _plainly_logged(columns)) is not None:
        return logged
    given = lenient()
    run_id = _run_id(given)
    items = fields.objects(given, "metrics")
    _check_sizes(len(items), len(fields.items(given, "params")), len(fields.items(given, "tags")))
    metrics = [_metric(item, f"metrics[{index}]") for index, item in enumerate(items)]
    logged = _logged(run_id, metrics, batched=True)
    logged.params = fields.pairs(given, "params", "parameter", fields.PARAM_BOUND)
    logged.tags = fields.pairs(given, "tags", "tag", fields.TAG_BOUND)
    return logged


def _plainly_logged(columns: Columns) -> Logged | None:
    """What the columns bring, or None if something is wrong with a point."""
    timestamps = np.frombuffer(columns.timestamp, np.int64)
    _check_sizes(len(timestamps), len(columns.params), len(columns.tags))
    if not columns.run_id or (len(timestamps) and not (timestamps.min() >= 0 and timestamps.max() <= fields.MAX_MS)):
        return None
    try:
        for name in columns.keys:
            fields.key(name, "metric")
    except InvalidInput:
        return None
    key = np.frombuffer(columns.key, np.uint32).astype(np.int64)
    values = np.frombuffer(columns.value, np.float64)
    steps = np.frombuffer(columns.step, np.int64)
    times_us = timestamps * 1_000
    logged = Logged(columns.run_id, columns.keys, values, steps, times_us, key_index=key)
    logged.model_points = [
        ModelPoint(
            of.model_id,
            columns.keys[key[of.at]],
            values.item(of.at),
            steps.item(of.at),
            times_us.item(of.at),
            of.dataset_name,
            of.dataset_digest,
        )
        for of in columns.of_models
    ]
    logged.params = _pairs(columns.params, "params", "parameter", fields.PARAM_BOUND)
    logged.tags = _pairs(columns.tags, "tags", "tag", fields.TAG_BOUND)
    return logged


def _pairs(pairs: Sequence[Pair], name: str, what: str, bound: int) -> dict[str, str]:
    given = {name: [{"key": pair.key, "value": pair.value} for pair in pairs]}
    return fields.pairs(given, name, what, bound) if pairs else {}


def metric(body: bytes, lenient: Callable[[], dict[str, Any]]) -> Logged:
    """What a log-metric body brings."""
    try:
        sent = POINT.decode(body)
        run_id = sent.run_id or fields.needed({}, "run_id")
        if sent.model_id or not (0 <= sent.timestamp <= fields.MAX_MS and -fields.INT64 <= sent.step < fields.INT64):
            return _logged(run_id, [sent])
        key = fields.key(sent.key, "metric")
        return Logged(run_id, (key,), (sent.value,), (sent.step,), (sent.timestamp * 1_000,))
    except UNREADABLE:
        given = lenient()
        return _logged(_run_id(given), [_metric(given, "")])


def param(body: bytes, lenient: Callable[[], dict[str, Any]]) -> Logged:
    """What a log-parameter body brings."""
    given = lenient()
    uid, name = _run_id(given), fields.key(given.get("key"), "parameter")
    return Logged(uid, params={name: (fields.text(given, "value") or "")[: fields.PARAM_BOUND]})


def tag(body: bytes, lenient: Callable[[], dict[str, Any]]) -> Logged:
    """What a set-tag body brings."""
    given = lenient()
    uid, name = _run_id(given), fields.key(given.get("key"), "tag")
    return Logged(uid, tags={name: (fields.text(given, "value") or "")[: fields.TAG_BOUND]})


LOGGING: dict[str, Read] = {
    "runs/log-metric": metric,
    "runs/log-parameter": param,
    "runs/set-tag": tag,
}


async def store(services: Services, scope: Scope, logged: Logged, *, single: bool) -> None:
    """Returns when the call is on disk.

    Raises:
        AssayError: It was refused; nothing of it is kept.
    """
    try:
        await ended(partial(services.runs.log_soon, scope, logged))
    except ParamChanged as error:
        raise _in_stock_words(error, logged.run_uid, single=single) from error


def _in_stock_words(error: ParamChanged, run_id: str, *, single: bool) -> ParamChanged:
    changes = [dict(sorted(change.items())) for change in error.details["changes"]]
    first = changes[0]
    message = (
        f"Changing param values is not allowed. Param with key='{first['key']}' was already logged with "
        f"value='{first['old_value']}' for run ID='{run_id}'. Attempted logging new value '{first['new_value']}'."
        if single
        else f"Changing param values is not allowed. Params were already logged='{changes}' for run ID='{run_id}'."
    )
    return ParamChanged(message, field=error.field, details=error.details)
