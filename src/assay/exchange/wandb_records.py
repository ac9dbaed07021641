"""What the records of a W&B log mean: `wandb_internal.proto` of wandb 0.31, whose field numbers stand here.

Record        2 history, 3 summary, 4 output, 5 config, 7 stats, 8 artifact, 10 alert, 12 metric, 13 output_raw,
              17 run, 18 exit, 25 use_artifact, 26 environment
run           1 id, 2 entity, 3 project, 4 config, 5 summary, 6 group, 7 job type, 8 name, 9 notes, 10 tags,
              12 sweep, 13 host, 17 start (Timestamp: 1 seconds, 2 nanos), 20 runtime, 21 git (1 remote, 2 commit)
history       1 items, 2 step (1 number)
config        1 updates, 2 removals, as summary
an item       1 key, 2 nested key (repeated), 16 value as JSON; of history also 4 bool, 5 integer (zigzag),
              6 double, 7 text, 8 JSON
stats         2 time, 3 items (1 key, 16 value as JSON)
output        1 stream (0 stderr, 1 stdout), 2 time, 3 text, as output_raw
exit          1 exit code, 2 runtime in seconds
environment   2 python, 6 program, 10 e-mail, 13 user
artifact      4 type, 5 name; use_artifact the other way round: 2 type, 3 name
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from assay.exchange.pieces import DEPTH, INT64
from assay.exchange.protobuf import Field, Malformed, Message, fields
from assay.exchange.source import SourceLine

HISTORY, SUMMARY, OUTPUT, CONFIG, STATS, ARTIFACT, ALERT, METRIC = 2, 3, 4, 5, 7, 8, 10, 12
OUTPUT_RAW, RUN, EXIT, USE_ARTIFACT, ENVIRONMENT = 13, 17, 18, 25, 26
KINDS = frozenset(
    (HISTORY, SUMMARY, OUTPUT, CONFIG, STATS, ARTIFACT, ALERT, METRIC, OUTPUT_RAW, RUN, EXIT, USE_ARTIFACT, ENVIRONMENT)
)
MEDIA = {
    "image-file": "image",
    "images/separated": "image",
    "audio-file": "audio",
    "audio": "audio",
    "video-file": "video",
    "videos": "video",
    "html-file": "html",
    "html": "html",
    "table-file": "table",
    "incremental-table-file": "table",
    "partitioned-table": "table",
    "object3D-file": "object3d",
    "object3D": "object3d",
    "molecule-file": "molecule",
    "histogram": "histogram",
    "plotly-file": "plotly",
    "bokeh-file": "bokeh",
}
LINE = 16_384  # characters
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def kind_of(record: bytes) -> tuple[int, bytes]:
    """Which kind of record it is, by its number, and its body; 0 where it is of none that is read. Raises Malformed."""
    for number, value in fields(record):
        if number in KINDS:
            if not isinstance(value, bytes):
                raise Malformed("a record was expected")
            return number, value
    return 0, b""


def time_us(body: Message, number: int) -> int:
    """The time in the field, 0 where there is none."""
    time = body.part(number)
    found = time.integer(1) * 1_000_000 + time.integer(2) // 1_000
    return found if 0 < found < INT64 else 0


def parsed(text: Field) -> Any:
    """What a JSON text says. Raises Malformed."""
    if not isinstance(text, bytes):
        raise Malformed("a JSON text was expected")
    try:
        if text.isdigit():
            return int(text)
        if b"." in text and text[:1] != b'"':
            return float(text)
    except ValueError:  # nothing that is short
        pass
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("a value is no JSON") from None


def short(data: Field) -> tuple[bytes, bytes] | None:
    """Key and JSON text of an item in the form that nearly all have: no path, and both below 128 bytes."""
    if isinstance(data, bytes) and len(data) > 5 and data[0] in (0x0A, 0x12):
        at = 2 + data[1]
        room = len(data) - at - 3  # for the text
        if room >= 0 and data[at : at + 2] == b"\x82\x01" and room == data[at + 2] < 0x80 > data[1]:
            return data[2:at], data[at + 3 :]
    return None


def item(data: Field) -> tuple[list[str], Any]:
    """The path and the value of an item. Raises Malformed."""
    if (found := short(data)) is not None:
        return [found[0].decode(errors="replace")], parsed(found[1])
    if not isinstance(data, bytes):
        raise Malformed("an item was expected")
    path: list[str] = []
    key = ""
    value: Any = None
    for number, one in fields(data):
        if number == 2:
            path.append(_text(one))
        elif number in (16, 8):
            value = parsed(one)
        elif number == 1:
            key = _text(one)
        elif number == 4:
            value = bool(one)
        elif number == 5 and isinstance(one, int):
            value = (one >> 1) ^ -(one & 1)
        elif number == 6:
            value = one
        elif number == 7:
            value = _text(one)
    return path or [key], value


def _text(value: Field) -> str:
    if not isinstance(value, bytes):
        raise Malformed("a text was expected")
    return value.decode(errors="replace")


def put(document: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """The value stands at the path. Raises Malformed if that is deep."""
    if len(path) > DEPTH:
        raise Malformed("a key is nested deeply")
    for name in path[:-1]:
        inner = document.get(name)
        if not isinstance(inner, dict):
            inner = document[name] = {}
        document = inner
    document[path[-1]] = value


def update(document: dict[str, Any], body: bytes) -> None:
    """The document is what a record of config or summary makes of it. Raises Malformed."""
    for number, value in fields(body):
        if number == 1:
            put(document, *item(value))
        elif number == 2:
            remove(document, item(value)[0])


def remove(document: dict[str, Any], path: Sequence[str]) -> None:
    """Nothing stands at the path."""
    inner: Any = document
    for name in path[:-1]:
        inner = inner.get(name) if isinstance(inner, dict) else None
    if isinstance(inner, dict):
        inner.pop(path[-1], None)


class Summary:
    """A run's summary. Each record of history has one of its own with the same numbers: only the last are parsed."""

    def __init__(self) -> None:
        self._document: dict[str, Any] = {}
        self._waiting: dict[bytes, bytes] = {}

    def hear(self, body: bytes) -> None:
        """A record of the summary is heard. Raises Malformed."""
        for number, value in fields(body):
            if number == 1 and (found := short(value)) is not None:
                self._waiting.pop(found[0], None)  # the order is that of the last
                self._waiting[found[0]] = found[1]
            elif number == 2 or (number == 1 and isinstance(value, bytes) and value[2:8] != b"_wandb"):
                self.document()
                if number == 1:
                    put(self._document, *item(value))
                else:
                    remove(self._document, item(value)[0])

    def document(self) -> dict[str, Any]:
        """The summary as it is now. Raises Malformed; the next call goes on behind what was."""
        while self._waiting:
            key = next(iter(self._waiting))
            put(self._document, [key.decode(errors="replace")], parsed(self._waiting.pop(key)))
        return self._document


def leaves(document: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """What was logged, by its dotted key: an object of W&B's own, such as an image, is one value."""
    for name, value in document.items():
        if isinstance(value, dict) and value and "_type" not in value:
            if before.count(".") < DEPTH:
                yield from leaves(value, f"{before}{name}.")
            else:
                yield f"{before}{name}", value
        else:
            yield f"{before}{name}", value


def row(body: bytes) -> tuple[int, float, dict[str, Any]]:
    """Step, time in seconds (NaN without one) and what was logged, of a record of history. Raises Malformed."""
    document: dict[str, Any] = {}
    step = 0
    for number, value in fields(body):
        if number == 1:
            path, found = item(value)
            if len(path) == 1:
                document[path[0]] = found
            else:
                put(document, path, found)
        elif number == 2:
            step = Message(value).integer(1)
    own = document.pop("_step", None)
    if isinstance(own, int) and -INT64 <= own < INT64:
        step = own
    seconds = document.pop("_timestamp", None)
    return step, number_of(seconds, float("nan")), document


def seconds(body: bytes) -> float:
    """The time of a record of history, NaN without one, without reading the rest. Raises Malformed."""
    for number, value in fields(body):
        if number == 1 and isinstance(value, bytes) and b"_timestamp" in value:
            path, found = item(value)
            if path == ["_timestamp"]:
                return number_of(found, float("nan"))
    return float("nan")


def number_of(value: Any, otherwise: float) -> float:
    """The number, something else for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return otherwise
    try:
        return float(value)
    except OverflowError:
        return otherwise


def value_kind(value: Any) -> str | None:
    """The kind of a logged value; None for a number, which is a point."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (int, float)):
        try:
            float(value)
        except OverflowError:
            return "json"
        return None
    kind = value.get("_type") if isinstance(value, dict) else None
    return MEDIA.get(kind, "json") if isinstance(kind, str) else "json"


def paths(value: Any) -> list[str]:
    """The files of the run that a logged value names."""
    if not isinstance(value, dict) or "_type" not in value:
        return []
    names = value.get("filenames")
    named = [value.get("path"), *(names if isinstance(names, list) else ())]
    return [path for path in named if isinstance(path, str) and "\0" not in path]


class Lines:
    """Pieces of output put together to lines. Of what a carriage return wrote over, the last is kept."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._text = ""
        self._time_us = 0

    def add(self, text: str, time_us: int) -> Iterator[SourceLine]:
        """The lines that this piece ends."""
        *whole, rest = (self._text + text).split("\n")
        if not self._text:
            self._time_us = time_us
        for line in whole:
            yield from self._cut(line)
            self._time_us = time_us
        at = rest.rstrip("\r").rfind("\r")
        self._text = rest[at + 1 :]
        if len(self._text) > LINE:
            yield from self._cut(self._text)
            self._text = ""

    def end(self) -> Iterator[SourceLine]:
        """The last line, if nothing ended it."""
        if self._text:
            yield from self._cut(self._text)
            self._text = ""

    def _cut(self, line: str) -> Iterator[SourceLine]:
        text = _ESCAPES.sub("", line.rstrip("\r").rpartition("\r")[2])
        for at in range(0, max(len(text), 1), LINE):
            yield SourceLine(self._stream, self._time_us, text[at : at + LINE])


def read_output(bodies: Iterator[bytes], wrong: Callable[[], None]) -> Iterator[SourceLine]:
    """The lines of the records of output."""
    streams = (Lines("stderr"), Lines("stdout"))
    for body in bodies:
        try:
            message = Message(body)
            text, when = message.text(3), time_us(message, 2)
            stream = streams[1 if message.integer(1) == 1 else 0]
        except Malformed:
            wrong()
            continue
        yield from stream.add(text, when)
    for stream in streams:
        yield from stream.end()
