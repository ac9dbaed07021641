"""GET /api/v1/runs/{id}/series and /history: which metrics a run has, and all points of one.

A page is read in one short snapshot, packed as it lies in the store, and decoded while it is sent.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np
from starlette.responses import Response

from assay.core.points.columns import NO_ROW, Points
from assay.core.points.packed import Columns, has_rows, points_of
from assay.core.points.spans import Place, place_of
from assay.core.scope import Verb
from assay.dialects.native import answers
from assay.dialects.native.calls import answer
from assay.dialects.native.table import Call, Route
from assay.dialects.native.tables import ARROW, NEXT_HEADER, PARQUET, Format, arrow, chosen, columns, table
from assay.dialects.native.values import check_context
from assay.dialects.rules import may
from assay.dialects.streaming import Bytes, Streamed, admit, in_turn
from assay.services.base import check_text
from assay.services.history import Part
from assay.services.runs import KEY_BOUND
from assay.wire.errors import InvalidInput
from assay.wire.points import FORMAT, HEAD, MAGIC, MEDIA_TYPE, NAME, POINT_BOUND, ROWS

if TYPE_CHECKING:  # see `tables`
    from arro3.core import RecordBatch

JSON_POINTS = 100_000  # of a page in JSON
AT_ONCE = 1 << 17  # points of a column that are sent together: a MiB
ROWS_AT_ONCE = 1 << 16  # points of a batch of a table
ZEROS = memoryview(bytes(4 * AT_ONCE))
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
    format: Literal["json", "points", "arrow", "parquet"] | None = None


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


async def history(call: Call[HistoryQuery, None]) -> Response:
    """A page of the points of one metric, as JSON, binary columns, Arrow or Parquet: by `format` or by Accept.

    What is no JSON has the next page's token in a header.
    """
    given = call.query
    context = None if given.context is None else _context(given.context)
    form = chosen(call.request, given.format, ("json", "points", "arrow", "parquet"))
    after = None if given.page_token is None else _place(given.page_token)
    key = check_text("key", given.key, KEY_BOUND)

    def read() -> Response:
        part = call.services.history.page(
            call.scope,
            call.id,
            key,
            context=context,
            after=after,
            after_step=given.after_step,
            until_step=given.until_step,
            limit=min(given.limit, JSON_POINTS) if form == "json" else given.limit,
        )
        return _answer(part, key, context, form, call.services.history.busy)

    if form in ("points", "arrow"):
        admit()
    return await in_turn(call.request.receive, read)


def _answer(part: Part, key: str, context: dict[str, str] | None, form: Format, busy: Callable[[], float]) -> Response:
    token = _token(part.pieces[-1]) if part.more else None
    if form == "json":
        return answer(_history(part.points(), key, context, token))
    headers = {} if token is None else {NEXT_HEADER: token}
    if form == "points":
        return Streamed(_packed(part, key, context), MEDIA_TYPE, headers, busy=busy)
    names = ["step", "time_us", "value", *(["row"] if any(map(has_rows, part.pieces)) else [])]
    schema = columns({name: getattr(Part([], more=False).points(), name) for name in names}).schema
    batches = _batches(part.pieces, names)
    if form == "arrow":
        return Streamed(arrow(batches, schema), ARROW, headers, busy=busy)
    return table(batches, schema, form, headers)


def _context(text: str) -> dict[str, str]:
    try:
        return dict(check_context(msgspec.json.decode(text, type=dict[str, str])))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise InvalidInput(
            f"{text[:100]!r} is no context",
            field="context",
            remedy='send a JSON object of texts, like {"split": "test"}',
        ) from None


def _token(last: Columns) -> str:
    """Where a page ended: late points that come before it move nothing."""
    place = place_of(points_of(last), -1)
    return f"{place.step}.{place.time_us}.{place.row}.{FLOAT.pack(place.value).hex()}"


def _place(token: str) -> Place:
    """The place that a token names."""
    match = TOKEN.match(token)
    numbers = [int(match[part]) for part in (1, 2, 3)] if match else []
    if match is None or not all(-(2**63) <= number < 2**63 for number in numbers):
        raise InvalidInput("The page token cannot be read", field="page_token", remedy="begin with the first page")
    return Place(numbers[0], numbers[1], numbers[2], FLOAT.unpack(bytes.fromhex(match[4]))[0])


def _history(page: Points, key: str, context: dict[str, str] | None, token: str | None) -> History:
    values: list[Any] = page.value.tolist()
    for at in np.flatnonzero(np.isinf(page.value)).tolist():
        values[at] = "Infinity" if values[at] > 0 else "-Infinity"
    rows = page.row.tolist() if (page.row != NO_ROW).any() else None
    return History(key, context, page.step.tolist(), page.time_us.tolist(), values, rows, token)


def _batches(pieces: Sequence[Columns], names: Sequence[str]) -> Iterator[RecordBatch]:
    for some in _groups(pieces, ROWS_AT_ONCE):
        yield columns({name: _column(some, name) for name in names})


def _groups(pieces: Sequence[Columns], most: int) -> Iterator[list[Columns]]:
    """The pieces, so many together that they hold about that many points."""
    held: list[Columns] = []
    for piece in pieces:
        if held and sum(map(len, held)) + len(piece) > most:
            yield held
            held = []
        held.append(piece)
    if held:
        yield held


def _column(pieces: Sequence[Columns], name: str) -> Any:
    parts = [getattr(piece, name) for piece in pieces]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _packed(part: Part, key: str, context: dict[str, str] | None) -> Generator[Bytes, None, None]:
    """The points in the form in which they are sent (`wire.points`), straight from their columns."""
    n, rows = len(part), any(map(has_rows, part.pieces))
    contexts = [] if context is None else [answers.document(context).encode()]
    names = b"".join(NAME.pack(len(name)) + name for name in (key.encode(), *contexts))
    head = HEAD.pack(MAGIC, FORMAT, ROWS if rows else 0, len(contexts), 1, n) + names
    yield head + bytes(-len(head) % 8)
    for name, kind in (("value", "<f8"), ("step", "<i8"), ("time_us", "<i8"), *([("row", "<i8")] if rows else [])):
        for some in _groups(part.pieces, AT_ONCE):
            yield np.ascontiguousarray(_column(some, name), kind).data.cast("B")
    for number in (0, 1) if contexts else (0,):  # all are of the first key, and of the first context
        block = ZEROS if number == 0 else np.full(AT_ONCE, number, "<u4").data.cast("B")
        for at in range(0, n, AT_ONCE):
            yield block[: 4 * min(AT_ONCE, n - at)]


READ = may(Verb.READ, "run")

TABLE = [
    Route("GET", "runs/{id}/series", series, READ, query=SeriesQuery, answer=Series),
    Route(
        "GET", "runs/{id}/history", history, READ, query=HistoryQuery, answer=History, also=(MEDIA_TYPE, ARROW, PARQUET)
    ),
]
