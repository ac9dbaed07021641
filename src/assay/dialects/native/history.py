"""GET /api/v1/runs/{id}/series and /history: which metrics a run has, and all points of one."""

from __future__ import annotations

import json
import re
import struct
from typing import Annotated, Any

import msgspec
import numpy as np
from starlette.responses import Response

from assay.core.points.columns import NO_ROW, Points
from assay.dialects.native import answers
from assay.dialects.native.calls import answer
from assay.dialects.native.table import Call, Route
from assay.dialects.native.tables import ARROW, NEXT_HEADER, PARQUET, Format, chosen, columns, table
from assay.dialects.native.values import check_context
from assay.services.base import check_text
from assay.services.runs import KEY_BOUND
from assay.wire.errors import InvalidInput
from assay.wire.points import FORMAT, HEAD, MAGIC, MEDIA_TYPE, NAME, POINT_BOUND, ROWS

JSON_POINTS = 100_000  # of a page in JSON
SERIES_BOUND = 10_000  # of a page
Int = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
TOKEN = re.compile(r"(-?\d{1,19})\.(-?\d{1,19})\.(-?\d{1,19})\.([0-9a-f]{16})\Z", re.ASCII)
FLOAT = struct.Struct(">d")


class SeriesQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which series: a page of them, in the order of key and context."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=SERIES_BOUND)] = SERIES_BOUND
    page_token: str | None = None


class Series(msgspec.Struct):
    """The series of a run: a key in a context (null for none), its last value and extremes."""

    series: list[answers.MetricInContext]
    next_page_token: str | None


class HistoryQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which points: of a key, in a context (JSON), of the steps after one and up to another."""

    key: str
    context: str | None = None
    after_step: Int | None = None
    until_step: Int | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=POINT_BOUND)] = JSON_POINTS
    page_token: str | None = None
    format: Format | None = None


class History(msgspec.Struct):
    """Points in order of step, time, row and value. A NaN is null, infinity a text; `row` may be null."""

    key: str
    context: dict[str, str] | None
    step: list[int]
    time_us: list[int]
    value: list[float | str | None]
    row: list[int] | None
    next_page_token: str | None


def series(call: Call[SeriesQuery, None]) -> Series:
    """The series of a run by key and context, each with its last value."""
    given = call.query
    found = {
        json.dumps([item.key, answers.document(item.context)]): item
        for item in call.services.runs.get(call.scope, call.id).metrics
    }
    names = sorted(name for name in found if given.page_token is None or name > given.page_token)
    page = names[: given.limit]
    more = page[-1] if len(names) > given.limit else None
    return Series([answers.measured(found[name]) for name in page], more)


def history(call: Call[HistoryQuery, None]) -> Response:
    """A page of the points of one metric, as JSON, binary columns, Arrow or Parquet: by `format` or by Accept.

    What is no JSON has the next page's token in a header.
    """
    given = call.query
    context = None if given.context is None else _context(given.context)
    form = chosen(call.request, given.format, ("json", "points", "arrow", "parquet"))
    found = call.services.history.history(call.scope, call.id, check_text("key", given.key, KEY_BOUND), context=context)
    limit = min(given.limit, JSON_POINTS) if form == "json" else given.limit
    page, token = _page(found, given, limit)
    if form == "json":
        return answer(_history(page, given.key, context, token))
    headers = {} if token is None else {NEXT_HEADER: token}
    if form == "points":
        return Response(_packed(page, given.key, context), headers=headers, media_type=MEDIA_TYPE)
    batch = columns(_named(page))
    return table([batch], batch.schema, form, headers)


def _context(text: str) -> dict[str, str]:
    try:
        return dict(check_context(msgspec.json.decode(text, type=dict[str, str])))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise InvalidInput(
            f"{text[:100]!r} is no context",
            field="context",
            remedy='send a JSON object of texts, like {"split": "test"}',
        ) from None


def _page(points: Points, given: HistoryQuery, limit: int) -> tuple[Points, str | None]:
    """The points that are asked for, and the token of the page after."""
    start, end = 0, len(points)
    if given.after_step is not None:
        start = int(np.searchsorted(points.step, given.after_step, "right"))
    if given.until_step is not None:
        end = int(np.searchsorted(points.step, given.until_step, "right"))
    if given.page_token is not None:
        start = max(start, _after(points, given.page_token))
    stop = min(end, start + limit)
    page = points.take(slice(start, stop))
    return page, _token(page) if 0 < stop < end else None


def _token(page: Points) -> str:
    """Where a page ended: late points that come before it move nothing."""
    last = len(page) - 1
    value = FLOAT.pack(page.value[last]).hex()
    return f"{page.step[last]}.{page.time_us[last]}.{page.row[last]}.{value}"


def _after(points: Points, token: str) -> int:
    """The position of the first point after the one that a token names."""
    match = TOKEN.match(token)
    numbers = [int(match[part]) for part in (1, 2, 3)] if match else []
    if match is None or not all(-(2**63) <= number < 2**63 for number in numbers):
        raise InvalidInput("The page token cannot be read", field="page_token", remedy="begin with the first page")
    step, time_us, row = numbers
    value = FLOAT.unpack(bytes.fromhex(match[4]))[0]
    low = int(np.searchsorted(points.step, step, "left"))
    near = points.take(slice(low, int(np.searchsorted(points.step, step, "right"))))
    nan, shown = np.isnan(near.value), np.nan_to_num(near.value, nan=0.0, posinf=np.inf, neginf=-np.inf)
    mine, mine_nan = (0.0, True) if np.isnan(value) else (value, False)
    by_value = (shown < mine) | ((shown == mine) & (nan <= mine_nan))
    by_row = (near.row < row) | ((near.row == row) & by_value)
    return low + int(((near.time_us < time_us) | ((near.time_us == time_us) & by_row)).sum())


def _history(page: Points, key: str, context: dict[str, str] | None, token: str | None) -> History:
    values: list[Any] = page.value.tolist()
    for at in np.flatnonzero(np.isinf(page.value)).tolist():
        values[at] = "Infinity" if values[at] > 0 else "-Infinity"
    rows = page.row.tolist() if (page.row != NO_ROW).any() else None
    return History(key, context, page.step.tolist(), page.time_us.tolist(), values, rows, token)


def _named(page: Points) -> dict[str, Any]:
    named: dict[str, Any] = {"step": page.step, "time_us": page.time_us, "value": page.value}
    return {**named, "row": page.row} if (page.row != NO_ROW).any() else named


def _packed(page: Points, key: str, context: dict[str, str] | None) -> bytes:
    """The points in the form in which they are sent (`wire.points`), straight from their columns."""
    n, rows = len(page), bool((page.row != NO_ROW).any())
    contexts = [] if context is None else [answers.document(context).encode()]
    names = b"".join(NAME.pack(len(name)) + name for name in (key.encode(), *contexts))
    head = HEAD.pack(MAGIC, FORMAT, ROWS if rows else 0, len(contexts), 1, n) + names
    parts = [head, bytes(-len(head) % 8), page.value.astype("<f8").tobytes()]
    parts += [column.astype("<i8").tobytes() for column in (page.step, page.time_us, *([page.row] if rows else []))]
    parts.append(bytes(4 * n))
    if contexts:
        parts.append(np.ones(n, "<u4").tobytes())
    return b"".join(parts)


TABLE = [
    Route("GET", "runs/{id}/series", series, query=SeriesQuery, answer=Series),
    Route("GET", "runs/{id}/history", history, query=HistoryQuery, answer=History, also=(MEDIA_TYPE, ARROW, PARQUET)),
]
