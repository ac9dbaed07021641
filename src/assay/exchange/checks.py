"""What a server would refuse, found beforehand: one text that breaks a bound keeps nothing else out."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from assay.exchange.report import Tell
from assay.exchange.source import SourceLine, SourcePoints, SourceValue
from assay.exchange.target import context_text
from assay.wire.errors import Corrupt

KEY_BOUND = 250  # characters, as the next
PARAM_BOUND = 6_000
TAG_BOUND = 8_000
EXPERIMENT_TAG_BOUND = 20_000
NAME_BOUND = 8_000
USER_BOUND = 256
CONTEXT_BOUND = 2_000  # as JSON
CONTEXT_COUNT_BOUND = 20
CONTEXT_TEXT_BOUND = 500
LINE_BOUND = 65_536  # bytes
DOCUMENT_BOUND = 500_000
TIME_BOUND = 2**63 - 1


@contextmanager
def readable() -> Iterator[None]:
    """What a source holds in another form than its kind has is told as damage. Raises Corrupt."""
    try:
        yield
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:
        told = f"it holds something of an unexpected form ({type(error).__name__}: {error})"[:300]
        raise Corrupt(told, field="SOURCE", remedy="check it with the tool that wrote it") from error


def fault(text: str, bound: int, *, blank: bool = True) -> str | None:
    """What is wrong with a text, if anything."""
    if not blank and not text.strip():
        return "it is blank"
    if len(text) > bound:
        return f"it has more than {bound} characters"
    if "\0" in text:
        return "it holds a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    return None


def sound_texts(pairs: Mapping[str, str], bound: int, what: str, name: str, tell: Tell) -> dict[str, str]:
    """The pairs that a server takes; the others are told."""
    kept: dict[str, str] = {}
    for key, value in pairs.items():
        if wrong := fault(key, KEY_BOUND, blank=False):
            tell(f"{what} left out because of its name: {wrong}", f"{name} {key[:80]!r}")
        elif wrong := fault(value, bound):
            tell(f"{what} left out: {wrong}", f"{name} {key}")
        else:
            kept[key] = value
    return kept


def shown(text: str, bound: int, what: str, name: str, tell: Tell) -> str:
    """The text as a server takes it: cut, and without what cannot be stored."""
    wrong = fault(text, bound)
    if wrong is None:
        return text
    tell(f"{what} shortened: {wrong}", name)
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:bound]


def sound_points(points: SourcePoints, name: str, tell: Tell) -> SourcePoints:
    """The points that a server takes, in their order; the others are told. The same points give the same."""
    bad_keys = {at for at, key in enumerate(points.keys) if fault(key, KEY_BOUND, blank=False)}
    for at in bad_keys:
        tell("metric left out because of its name: blank, too long or no text", f"{name} {points.keys[at][:80]!r}")
    bad_contexts = {
        at for at, item in enumerate(points.contexts, 1) if not item or fault(context_text(item), CONTEXT_BOUND)
    }
    for _ in bad_contexts:
        tell(f"points left out: their context is empty or has more than {CONTEXT_BOUND} characters", name)
    early = bool(points.times_us) and min(points.times_us) < 0
    if early:
        tell("points left out: their time lies before 1970", name)
    if not (bad_keys or bad_contexts or early):
        return points
    kept = [
        at
        for at, key in enumerate(points.key)
        if key not in bad_keys
        and points.times_us[at] >= 0
        and (points.context is None or points.context[at] not in bad_contexts)
    ]
    used = sorted({points.key[at] for at in kept})
    place = {key: position for position, key in enumerate(used)}
    rows, context = points.rows, points.context
    measured = sorted({context[at] for at in kept} - {0}) if context is not None else []
    context_place = {0: 0, **{number: position for position, number in enumerate(measured, 1)}}
    return SourcePoints(
        [points.keys[key] for key in used],
        array("I", [place[points.key[at]] for at in kept]),
        array("q", [points.steps[at] for at in kept]),
        array("q", [points.times_us[at] for at in kept]),
        array("d", [points.values[at] for at in kept]),
        None if rows is None else array("q", [rows[at] for at in kept]),
        [points.contexts[number - 1] for number in measured],
        None if context is None or not measured else array("I", [context_place[context[at]] for at in kept]),
    )


def sound_values(values: Iterator[SourceValue], name: str, tell: Tell) -> Iterator[SourceValue]:
    """The values that a server takes."""
    for value in values:
        if wrong := fault(value.key, KEY_BOUND, blank=False):
            tell(f"value left out because of its name: {wrong}", f"{name} {value.key[:80]!r}")
        elif not 0 <= value.time_us <= TIME_BOUND:
            tell("value left out: its time lies before 1970", f"{name} {value.key}")
        elif wrong := _document_fault(value.document) or _context_fault(value.context):
            tell(f"value left out: {wrong}", f"{name} {value.key}")
        else:
            yield value


def _document_fault(document: Any) -> str | None:
    try:
        size = len(json.dumps(document, allow_nan=False))
    except (ValueError, TypeError, RecursionError):
        return "it is not JSON"
    return f"as JSON it has more than {DOCUMENT_BOUND} bytes" if size > DOCUMENT_BOUND else None


def _context_fault(context: Mapping[str, str] | None) -> str | None:
    if context is None:
        return None
    wrong = any(fault(text, CONTEXT_TEXT_BOUND) for pair in context.items() for text in pair)
    few = 1 <= len(context) <= CONTEXT_COUNT_BOUND
    return None if few and not wrong else f"its context is not {CONTEXT_COUNT_BOUND} short texts or fewer"


def sound_lines(lines: Iterator[SourceLine], name: str, tell: Tell) -> Iterator[SourceLine]:
    """The lines as a server takes them: one that is too long is cut."""
    for line in lines:
        text = line.text
        if fault(text, LINE_BOUND // 4):  # it may have more bytes than there may be
            data = text.replace("\0", "").encode("utf-8", "replace")
            if data.decode() != text or len(data) > LINE_BOUND:
                tell("line of console output shortened", name)
            text = data[:LINE_BOUND].decode("utf-8", "ignore")
        yield SourceLine(line.stream, min(max(line.time_us, 0), TIME_BOUND), text)
