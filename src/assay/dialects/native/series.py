"""POST /api/v1/series and /bands: what charts are drawn from, for many runs at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from starlette.responses import Response

from assay.core.points.buckets import HIGHEST, LOWEST, Buckets, concat
from assay.core.points.drawing import Axis
from assay.core.points.groups import Band
from assay.core.scope import Verb
from assay.dialects.native.calls import answer
from assay.dialects.native.table import Call, Route
from assay.dialects.native.values import check_context
from assay.dialects.rules import may
from assay.dialects.streaming import in_turn
from assay.services.series import Chart, Group
from assay.wire.errors import TooLarge
from assay.wire.series import MEDIA_TYPE, pack

JSON_ROWS = 200_000
Numbers = npt.NDArray[Any]


class FormQuery(msgspec.Struct, forbid_unknown_fields=True):
    """The form of the answer; without one, by Accept."""

    format: Literal["json", "series"] | None = None


class Asked(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which metrics, along which axis, in how many buckets.

    `x` is steps, times, times since the run began (both in microseconds), or the metric `x_metric` of the same row (of
    the same step, where points have no rows). `low` and `high` bound it; whole buckets are answered. Without `context`,
    series of all contexts are; with null, those of none.
    """

    keys: list[str]
    buckets: Annotated[int, msgspec.Meta(ge=2)] = 1_000
    x: Axis = "step"
    x_metric: str | None = None
    low: int | float | None = None
    high: int | float | None = None
    context: dict[str, str] | msgspec.UnsetType | None = msgspec.UNSET


class AskedSeries(Asked, forbid_unknown_fields=True, kw_only=True):
    """Series of runs."""

    runs: list[str]


class AskedBands(Asked, forbid_unknown_fields=True, kw_only=True):
    """Bands over the runs of groups, which have names, with quantiles from 0 to 1."""

    groups: dict[str, list[str]]
    quantiles: list[float] = []


class SeriesLine(msgspec.Struct):
    """One series in buckets, as columns. Bucket `i` holds x from `i * 2**exponent` on.

    `count` are its points, `nan` those that are NaN; mean, min and max are over the others. `first` and `last` are
    values in the order of step and time.
    """

    run: str
    context: dict[str, str] | None
    bucket: list[int]
    count: list[int]
    nan: list[int]
    mean: list[float | str | None]
    min: list[float | str | None]
    max: list[float | str | None]
    first: list[float | str | None]
    last: list[float | str | None]


class SeriesChart(msgspec.Struct):
    """The series of one key, whose buckets are all `2**exponent` wide."""

    key: str
    exponent: int
    lines: list[SeriesLine]


class SeriesCharts(msgspec.Struct):
    """A chart for each key that has points."""

    charts: list[SeriesChart]


class BandLine(msgspec.Struct):
    """One group's band of one key, as columns. In each bucket a run counts once, by its mean there.

    `runs` count in the bucket, `points` of theirs lie in it; `deviation` is that of the population; `quantiles` has a
    column for each that was asked for.
    """

    key: str
    context: dict[str, str] | None
    exponent: int
    group: str
    bucket: list[int]
    runs: list[int]
    points: list[int]
    mean: list[float | str | None]
    deviation: list[float | str | None]
    min: list[float | str | None]
    max: list[float | str | None]
    quantiles: list[list[float | str | None]]


class Bands(msgspec.Struct):
    """A band for each key, context and group that has points."""

    bands: list[BandLine]


async def series(call: Call[FormQuery, AskedSeries]) -> Response:
    """Series of many runs and keys in buckets of a power of two, at most `buckets` each; unknown runs have none.

    All series of a key share one grid. Each bucket has its count, extremes, mean, first and last value, so that no
    peak is lost. What was acknowledged is in it.
    """
    return await in_turn(call.request.receive, lambda: _series(call))


def _series(call: Call[FormQuery, AskedSeries]) -> Response:
    given = call.body
    charts = call.services.series.charts(call.scope, given.runs, given.keys, **_question(given))
    rows = concat([chart.drawing.buckets for chart in charts])
    if _packed(call):
        return Response(_columns_of(charts, rows), media_type=MEDIA_TYPE)
    _check_json(len(rows))
    return answer(SeriesCharts([_chart(chart) for chart in charts]))


async def bands(call: Call[FormQuery, AskedBands]) -> Response:
    """Mean, deviation, extremes and quantiles over the runs of each group, bucket by bucket of their common grid.

    A run that has no points in a bucket counts there by the straight line between its neighbouring ones; before its
    first and after its last it does not count.
    """
    return await in_turn(call.request.receive, lambda: _bands(call))


def _bands(call: Call[FormQuery, AskedBands]) -> Response:
    given = call.body
    found = call.services.series.groups(call.scope, given.groups, given.keys, given.quantiles, **_question(given))
    if _packed(call):
        return Response(_columns_of_bands(found, given.quantiles), media_type=MEDIA_TYPE)
    _check_json(sum(len(group.band.index) * (1 + len(given.quantiles)) for group in found))
    return answer(Bands([_band(group) for group in found]))


def _question(given: Asked) -> dict[str, Any]:
    context: Mapping[str, str] | None = None
    if given.context is not msgspec.UNSET:
        context = {} if given.context is None else dict(check_context(given.context))
    low, high = given.low, given.high
    if given.x != "metric":
        low = None if low is None else max(LOWEST, min(math.floor(low), HIGHEST))
        high = None if high is None else max(LOWEST, min(math.ceil(high), HIGHEST))
    return {
        "count": given.buckets,
        "axis": given.x,
        "metric": given.x_metric,
        "low": low,
        "high": high,
        "context": context,
    }


def _packed(call: Call[FormQuery, Any]) -> bool:
    accepted = call.request.headers.get("accept", "").lower()
    return call.query.format == "series" or (call.query.format is None and MEDIA_TYPE in accepted)


def _check_json(rows: int) -> None:
    if rows > JSON_ROWS:
        raise TooLarge(
            f"The answer has {rows} buckets, more than {JSON_ROWS} that are told as JSON",
            field="format",
            bound=JSON_ROWS,
            remedy="ask for format=series, or for fewer",
        )


def _chart(chart: Chart) -> SeriesChart:
    drawing = chart.drawing
    edges = np.searchsorted(drawing.buckets.series, np.arange(len(drawing.lines) + 1)).tolist()
    lines = []
    for number, (line, uid) in enumerate(zip(drawing.lines, chart.uids, strict=True)):
        rows = drawing.buckets.take(slice(edges[number], edges[number + 1]))
        told = [told_floats(column) for column in (rows.mean(), rows.min, rows.max, rows.first, rows.last)]
        context = None if line.context is None else dict(line.context)
        lines.append(SeriesLine(uid, context, rows.index.tolist(), rows.count.tolist(), rows.nan.tolist(), *told))
    return SeriesChart(drawing.key, drawing.exponent, lines)


def _band(group: Group) -> BandLine:
    band = group.band
    context = None if group.context is None else dict(group.context)
    return BandLine(
        group.key,
        context,
        group.exponent,
        group.name,
        band.index.tolist(),
        band.runs.tolist(),
        band.points.tolist(),
        told_floats(band.mean),
        told_floats(band.deviation),
        told_floats(band.min),
        told_floats(band.max),
        [told_floats(column) for column in band.quantiles],
    )


def told_floats(column: Numbers) -> list[float | str | None]:
    """Numbers as JSON has them: NaN is null, infinity a text."""
    told: list[Any] = column.tolist()
    for at in np.flatnonzero(~np.isfinite(column)).tolist():
        told[at] = None if math.isnan(told[at]) else "Infinity" if told[at] > 0 else "-Infinity"
    return told


def _columns_of(charts: Sequence[Chart], rows: Buckets) -> bytes:
    """The charts, whose buckets are counted from the first one of each."""
    document, buckets = [], []
    for chart in charts:
        drawing, first = chart.drawing, _first(chart.drawing.buckets.index)
        sizes = np.bincount(drawing.buckets.series, minlength=len(drawing.lines)).tolist()
        lines = [
            {"run": uid, "context": line.context, "rows": size}
            for line, uid, size in zip(drawing.lines, chart.uids, sizes, strict=True)
        ]
        document.append({"key": drawing.key, "exponent": drawing.exponent, "first": first, "lines": lines})
        buckets.append(np.subtract(drawing.buckets.index, first, dtype=np.int64).astype("<u4"))
    floats = {"mean": rows.mean(), "min": rows.min, "max": rows.max, "first": rows.first, "last": rows.last}
    bucket = np.concatenate([np.zeros(0, "<u4"), *buckets])
    return pack({"charts": document}, _raw(floats, {"bucket": bucket, "count": rows.count, "nan": rows.nan}))


def _columns_of_bands(groups: Sequence[Group], quantiles: Sequence[float]) -> bytes:
    document = [
        {
            "key": group.key,
            "context": group.context,
            "exponent": group.exponent,
            "first": _first(group.band.index),
            "group": group.name,
            "rows": len(group.band.index),
        }
        for group in groups
    ]
    parts: list[Band] = [group.band for group in groups]
    floats = {name: _joined(getattr(band, name) for band in parts) for name in ("mean", "deviation", "min", "max")} | {
        f"quantile_{number}": _joined(band.quantiles[number] for band in parts) for number in range(len(quantiles))
    }
    bucket = _joined(band.index - _first(band.index) for band in parts)
    counts = {"runs": _joined(band.runs for band in parts), "points": _joined(band.points for band in parts)}
    return pack({"bands": document, "quantiles": list(quantiles)}, _raw(floats, {"bucket": bucket, **counts}))


def _first(index: Numbers) -> int:
    return int(index.min()) if len(index) else 0


def _joined(columns: Iterable[Numbers]) -> Numbers:
    return np.concatenate([np.zeros(0), *columns])


def _raw(floats: Mapping[str, Numbers], counts: Mapping[str, Numbers]) -> list[tuple[str, str, bytes]]:
    sent = {id(column): column.astype("<f8", copy=False).tobytes() for column in floats.values()}  # some are one
    found = [(name, "f8", sent[id(column)]) for name, column in floats.items()]
    return found + [(name, "u4", _counted(column)) for name, column in counts.items()]


def _counted(column: Numbers) -> bytes:
    """Whole numbers as they are sent; most are all 1, or all 0, which need no look at each."""
    if len(column) and column[0] == column[-1] and (column == column[0]).all():
        return int(column[0]).to_bytes(4, "little") * len(column)
    return column.astype("<u4", copy=False).tobytes()


READ = may(Verb.READ, "run")

TABLE = [
    Route(
        "POST",
        "series",
        series,
        READ,
        query=FormQuery,
        body=AskedSeries,
        answer=SeriesCharts,
        also=(MEDIA_TYPE,),
        errors=(TooLarge,),
    ),
    Route(
        "POST",
        "bands",
        bands,
        READ,
        query=FormQuery,
        body=AskedBands,
        answer=Bands,
        also=(MEDIA_TYPE,),
        errors=(TooLarge,),
    ),
]
