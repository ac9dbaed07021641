"""MLflow's reads of metric histories.

A message is the same few words around three numbers, a million times over: it is encoded from a struct, block by block,
so that no other request waits long for the interpreter.
"""

from __future__ import annotations

import base64
import binascii
import sys
from collections.abc import Generator, Iterable
from itertools import islice, repeat

import msgspec
import numpy as np

from assay.core.points.columns import Points
from assay.core.scope import Verb
from assay.dialects.mlflow import encode, fields
from assay.dialects.mlflow.calls import Call, Pieces, route
from assay.dialects.mlflow.runs import run_id
from assay.dialects.rules import may
from assay.wire.errors import InvalidInput, NotFound

READ = may(Verb.READ, "run")
BULK_RUNS = 100
BULK_POINTS = 25_000
INTERVAL_POINTS = 2_500
BLOCK = 2_048  # points that are encoded at once
PIECE = 1 << 18  # bytes that are sent at once
LARGEST = sys.float_info.max
WHOLE = 8  # pieces of an answer that is made before it begins


class Metric(msgspec.Struct, gc=False):
    """A point as MLflow's messages have it."""

    key: str
    value: float | str
    timestamp: int
    step: int


class MetricOfRun(Metric, gc=False):
    """A point of the bulk routes."""

    run_id: str


def encoded(points: Points, key: str, run: str | None = None) -> Generator[bytes, None, None]:
    """Metric messages, with commas between; with a run, those of the bulk routes."""
    for at in range(0, len(points), BLOCK):
        some = points.take(slice(at, at + BLOCK))
        values: list[float | str] = np.clip(some.value, -LARGEST, LARGEST).tolist()
        for nan in np.flatnonzero(np.isnan(some.value)).tolist():
            values[nan] = encode.number(some.value[nan])
        numbers = (values, (some.time_us // 1_000).tolist(), some.step.tolist())
        messages: Iterable[Metric] = (
            map(Metric, repeat(key), *numbers) if run is None else map(MetricOfRun, repeat(key), *numbers, repeat(run))
        )
        yield msgspec.json.encode(list(messages))[1:-1]


def _answer(blocks: Iterable[bytes], token: str | None = None, *, named: bool = False) -> Pieces:
    """An answer of metric messages, in pieces; the empty list is left out unless it is named."""
    begun = False
    held: list[bytes] = []
    size = 0
    for block in blocks:
        held.append(b"," if begun else b'{"metrics":[')
        held.append(block)
        begun, size = True, size + len(block)
        if size > PIECE:
            yield b"".join(held)
            held, size = [], 0
    if not begun and named:
        held.append(b'{"metrics":[')
    told = [b"]"] if begun or named else []
    if token is not None:
        told.append(b'"next_page_token":' + msgspec.json.encode(token))
    held.append((b"" if begun or named else b"{") + b",".join(told) + b"}")
    yield b"".join(held)


@route("GET", "metrics/get-history", READ)
def get_history(call: Call) -> Pieces:
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
        found = call.services.history.in_time(call.scope, uid, key, start, limit)
    except NotFound:
        return _answer(())
    blocks = (block for points in found.pieces for block in encoded(points, key))
    return _answer(blocks, _token(start + found.count) if found.more else None)


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


@route("GET", "metrics/get-history-bulk", READ)
def get_history_bulk(call: Call) -> Pieces:
    """One metric of up to 100 runs, at most 25,000 points in all."""
    uids, key = _bulk_runs(call), fields.text(call.fields, "metric_key")
    if key is None:
        raise InvalidInput("GetMetricHistoryBulk request must specify a metric_key.", field="metric_key")
    wanted = fields.integer(call.fields, "max_results", low=0)
    left = BULK_POINTS if wanted is None else min(wanted, BULK_POINTS)
    blocks: list[bytes] = []
    for uid in sorted(set(uids)):
        if left == 0:
            break
        try:
            found = call.services.history.in_time(call.scope, uid, key, limit=left)
        except NotFound:
            continue
        blocks += (block for points in found.pieces for block in encoded(points, key, uid))
        left -= found.count
    return _answer(blocks, named=True)


@route("GET", "metrics/get-history-bulk-interval", READ)
def get_history_bulk_interval(call: Call) -> Pieces:
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
    blocks: list[bytes] = []
    for uid in dict.fromkeys(uids):
        try:
            points = call.services.history.sampled(call.scope, uid, key, count, low_step=low, high_step=high)
        except NotFound:
            continue
        blocks += encoded(points, key, uid)
    return _answer(blocks)


def begun(pieces: Pieces) -> tuple[bytes, bool]:
    """The first pieces of an answer, and whether they are all of it."""
    first = list(islice(pieces, WHOLE))
    return b"".join(first), len(first) < WHOLE
