"""Histories in the order of time, which is not the one that they are stored in.

Mostly it is the same: where times never fall along the steps, a page in the order of time lies in few chunks. Whether
they fall inside a chunk is known only by looking, so what was seen is remembered.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from assay.core.points.columns import Floats, Ints, Points
from assay.core.points.spans import Span, ascends, by_time, follow_in_time, within
from assay.ports.logged import Outline

KNOWN_BOUND = 50_000  # chunks: 10 MB
AT_ONCE = 64  # chunks

_NAME = struct.Struct("<8q")


class Ascents:
    """Along which chunks times never fall: what is known from looking at them once."""

    def __init__(self) -> None:
        self._known: dict[bytes, bool] = {}

    def ascend(self, outline: Outline, kept: Sequence[Span] = ()) -> bool:
        """Whether times never fall along a series, whose spans have marks.

        Args:
            outline: The series. Chunks that must be looked at are read.
            kept: Those of its spans that are wanted afterwards; of others the payload is given up again.
        """
        spans = outline.spans
        if not follow_in_time(spans):
            return False
        wanted = set(map(id, kept))
        unknown = []
        for span in spans:
            known = self._known.get(_name(outline, span)) if span.points is None else ascends(span.points)
            if known is False:
                return False
            if known is None:
                unknown.append(span)
        if len(self._known) > KNOWN_BOUND:
            self._known.clear()
        for some in _groups(unknown):
            outline.read(some)
            for span in some:
                up = self._known[_name(outline, span)] = ascends(span.columns())
                if not up:
                    return False
                if id(span) not in wanted:
                    span.payload = None
        return True


def _name(outline: Outline, span: Span) -> bytes:
    """What no two chunks share: series, range, count and checksum."""
    assert outline.series is not None
    return _NAME.pack(*outline.series, *span.first, *span.last, span.count) + span.mark


def _groups(spans: Sequence[Span]) -> Iterator[list[Span]]:
    left = iter(spans)
    while some := list(islice(left, AT_ONCE)):
        yield some


def sort(outline: Outline, start: int, end: int) -> Points:
    """The points from one number up to another in the order of time, of all of the series'."""
    total = sum(span.count for span in outline.spans)
    step, time_us, value = np.empty(total, np.int64), np.empty(total, np.int64), np.empty(total, np.float64)
    at = 0
    for some in _groups(outline.spans):
        outline.read(some)
        for span in some:
            columns = span.columns()
            place = slice(at, at + span.count)
            step[place], time_us[place], value[place] = columns.step, columns.time_us, columns.value
            at += span.count
            span.payload = None
    shown = np.where(np.isnan(value), 0.0, value)
    order = np.lexsort((shown, step, time_us))[start:end]
    return _points(step[order], time_us[order], value[order])


def in_time(part: tuple[Span, int, int]) -> Points:
    """What part of a span is wanted, in the order of time, in which the spans already are."""
    span, start, end = part
    columns = span.columns()
    points = by_time(_points(columns.step, columns.time_us, columns.value))
    return points if end - start == len(points) else points.take(slice(start, end))


def _points(step: Ints, time_us: Ints, value: Floats) -> Points:
    """Points of which nothing else is told: not their rows, either."""
    nothing = np.broadcast_to(np.int64(0), len(value))
    return Points(nothing, nothing, nothing, step, time_us, value)


def chosen(outline: Outline, start: int, end: int) -> list[tuple[Span, int, int]]:
    """The parts of spans that hold the points from one number up to another, read."""
    found = within(outline.spans, start, end)
    outline.read([span for span, _, _ in found])
    return found
