"""What runs print, line by line, below /api/v1."""

from __future__ import annotations

from typing import Annotated

import msgspec

from assay.core.scope import Verb
from assay.core.tracking import ConsoleLine, Stream, Writer
from assay.dialects.native.ingest import Next, Sending
from assay.dialects.native.table import Call, Route
from assay.dialects.rules import may
from assay.services.console import CONTAINS_BOUND, LINES_BOUND
from assay.wire.errors import Conflict, NotActive, SequenceGap, TooLarge

BODY_BOUND = 32 << 20
Time = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Line = tuple[Stream, Time, str]


class Printed(msgspec.Struct, forbid_unknown_fields=True):
    """Lines that a run printed: what to, when (microseconds since 1970), and the text without its end."""

    lines: Annotated[list[Line], msgspec.Meta(max_length=LINES_BOUND)]


class LineQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which lines: those after a position, or the last ones, that contain a text."""

    after: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=LINES_BOUND)] = 1_000
    contains: Annotated[str, msgspec.Meta(max_length=CONTAINS_BOUND)] = ""
    tail: bool = False


class Lines(msgspec.Struct):
    """Lines in order of time. `position` is the `after` of what will be printed, also where there is no more now."""

    lines: list[Line]
    next_page_token: str | None
    position: str


def append(call: Call[Sending, Printed]) -> Next:
    """Keeps lines that a run printed, each of them one of its writer's numbers: what was sent before is passed over."""
    given = call.query
    lines = [ConsoleLine(stream, time_us, text) for stream, time_us, text in call.body.lines]
    sender = Writer(given.writer, given.stream, given.epoch, given.first)
    return Next(call.services.console.append(call.scope, call.id, sender, lines))


def read(call: Call[LineQuery, None]) -> Lines:
    """A page of what a run printed: lines that contain a text, after a position; `tail`: the last ones."""
    given, console = call.query, call.services.console
    if given.tail:
        page = console.tail(call.scope, call.id, given.limit)
    else:
        page = console.read(call.scope, call.id, after=given.after, limit=given.limit, contains=given.contains)
    return Lines([(line.stream, line.time_us, line.text) for line in page.items], page.next_token, page.position)


READ, WRITE = may(Verb.READ, "run"), may(Verb.WRITE, "run")

TABLE = [
    Route(
        "POST",
        "runs/{id}/console",
        append,
        WRITE,
        query=Sending,
        body=Printed,
        bound=BODY_BOUND,
        answer=Next,
        errors=(NotActive, SequenceGap, Conflict, TooLarge),
    ),
    Route("GET", "runs/{id}/console", read, READ, query=LineQuery, answer=Lines),
]
