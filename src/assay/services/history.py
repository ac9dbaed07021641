"""Use cases on the history of metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from assay.core.points.columns import Ints, Points, concat
from assay.core.points.packed import Columns, points_of
from assay.core.points.spans import Place, Span, ends, evenly, following, until, within
from assay.core.rows import Row, rows
from assay.core.scope import Scope, Verb
from assay.core.tracking import LoggedValue, Page, ValueKey
from assay.ports.logged import Outline
from assay.ports.store import Store
from assay.services.base import Service, authorise
from assay.services.timed import Ascents, chosen, in_time, sort
from assay.wire.errors import InvalidInput

VALUES_BOUND = 10_000  # of a page
VALUES_AT_ONCE = 100  # that are read together
DOCUMENTS_BOUND = 16 << 20  # characters of a page
LOWEST, HIGHEST = -(1 << 63), (1 << 63) - 1
FIRST = (0, 0, LOWEST, LOWEST)
SLICE = 1 << 18  # points that are read in one snapshot, where a history goes on in the next one
TIMED_BOUND = 4_000_000  # points of one answer in the order of time, and of a series that must be sorted for it
CHUNKS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Part:
    """Points of a series in its canonical order, in pieces that are decoded when they are looked at.

    Attributes:
        pieces: The points.
        more: Whether others follow.
    """

    pieces: list[Columns]
    more: bool

    def __len__(self) -> int:
        return sum(map(len, self.pieces))

    def points(self) -> Points:
        """All of them, decoded."""
        return concat([points_of(piece) for piece in self.pieces])


@dataclass(frozen=True, slots=True)
class Timed:
    """Points of a series in the order of time.

    Attributes:
        pieces: Their steps, times and values, decoded as they are taken; what follows the first `SLICE` of them is read
            only then.
        count: How many they are, unless the series changes meanwhile.
        more: Whether others follow.
    """

    pieces: Iterator[Points]
    count: int
    more: bool


class HistoryService(Service):
    """Whole histories, pages of them, and samples."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._ascents = Ascents()

    def busy(self) -> float:
        """How much of the time the store writes, of late: long answers give way to that."""
        return self._store.busy()

    def history(self, scope: Scope, uid: str, key: str, *, context: Mapping[str, str] | None = None) -> Points:
        """All points of one series ordered by (step, time, value). Raises NotFound for an unknown run."""
        authorise(scope, Verb.READ, "run")
        with self._store.read() as unit:
            return unit.points.history(scope, unit.runs.get(scope, uid).id, key, context)

    def page(
        self,
        scope: Scope,
        uid: str,
        key: str,
        *,
        context: Mapping[str, str] | None = None,
        after: Place | None = None,
        after_step: int | None = None,
        until_step: int | None = None,
        limit: int,
    ) -> Part:
        """At most `limit` points of one series, ordered by (step, time, row, value), in one short snapshot.

        What is logged late moves no page: `after` is where the page before has ended. Raises NotFound, Unavailable.
        """
        authorise(scope, Verb.READ, "run")
        low = None if after is None else after[:2]
        if after_step is not None:
            if after_step == HIGHEST:
                return Part([], more=False)
            low = max(low or (LOWEST, LOWEST), (after_step + 1, LOWEST))
        with self._store.read() as unit:
            id = unit.runs.get(scope, uid).id
            outline = unit.points.outline(scope, id, key, context, low=low, high_step=until_step, enough=limit + 1)
            spans, skip = outline.spans, 0
            if after is not None:  # no two spans share a step and time, so it ends in the first
                outline.read(spans[:1])
                skip = sum(until(points_of(span.columns()), after) for span in spans[:1])
            parts = within(spans, skip, skip + limit)
            outline.read([span for span, _, _ in parts])
        return Part([_columns(*part) for part in parts], sum(span.count for span in spans) > skip + limit)

    def in_time(self, scope: Scope, uid: str, key: str, start: int = 0, limit: int | None = None) -> Timed:
        """Points of one series ordered by (time, step, value), from a number on; all others where there is no limit.

        Raises:
            NotFound: No such run.
            InvalidInput: All others are more than `TIMED_BOUND`, or so many must be sorted.
            Unavailable: It takes too long.
        """
        authorise(scope, Verb.READ, "run")
        with self._store.read() as unit:
            id = unit.runs.get(scope, uid).id
            outline = unit.points.outline(scope, id, key, marked=True)
            spans = outline.spans
            total = sum(span.count for span in spans)
            start = min(start, total)
            if limit is None and total - start > TIMED_BOUND:
                raise _too_many(total, "send max_results, and then the page_token of each page before")
            end = min(total, start + (TIMED_BOUND if limit is None else min(limit, TIMED_BOUND)))
            count = end - start
            cut = _whole(spans, start + SLICE, end)
            if self._ascents.ascend(outline, [span for span, _, _ in within(spans, start, cut)]):
                parts = chosen(outline, start, cut)
            elif total > TIMED_BOUND:
                raise _too_many(total, "times fall along its steps: read it in pages by step, with the native API")
            else:
                return Timed(iter([sort(outline, start, end)]), count, end < total)
        # Whole means to the end, wherever that is by then: what comes late must not take the place of what was there.
        left = (start + TIMED_BOUND if limit is None else end) - cut
        rest = self._rest(scope, uid, key, parts[-1][0], left) if cut < end else ()
        return Timed(chain(map(in_time, parts), rest), count, end < total)

    def _rest(self, scope: Scope, uid: str, key: str, span: Span, left: int) -> Iterator[Points]:
        """So many points after a span, slice by slice; no snapshot is held between them.

        What is logged meanwhile comes where its step is, whatever its time.
        """
        while left > 0 and (low := following(span.last)) is not None:
            with self._store.read() as unit:
                id = unit.runs.get(scope, uid).id
                outline = unit.points.outline(scope, id, key, low=low, enough=SLICE)
                cut = _whole(outline.spans, SLICE, left)
                parts = chosen(outline, 0, cut)
            if not parts:
                return
            yield from map(in_time, parts)
            span, left = parts[-1][0], left - cut

    def sampled(
        self, scope: Scope, uid: str, key: str, count: int, *, low_step: int | None = None, high_step: int | None = None
    ) -> Points:
        """At most `count` points of one series between two steps, evenly spaced by their number in canonical order.

        They are the first of each of `count` equal parts, but the last of these gives way to the last point of all.
        Chunks that hold none of them are not read. Raises NotFound, Unavailable.
        """
        authorise(scope, Verb.READ, "run")
        low = None if low_step is None else (low_step, LOWEST)
        with self._store.read() as unit:
            id = unit.runs.get(scope, uid).id
            outline = unit.points.outline(scope, id, key, low=low, high_step=high_step)
            numbers = evenly(sum(span.count for span in outline.spans), count)
            return _numbered(outline, np.delete(numbers, -2) if len(numbers) > count else numbers)

    def rows(self, scope: Scope, uid: str) -> list[Row]:
        """What was logged as rows, as it was logged. Raises NotFound."""
        authorise(scope, Verb.READ, "run")
        with self._store.read() as unit:
            run_id = unit.runs.get(scope, uid).id
            points = unit.points.all(run_id)
            return rows(points, unit.values.all(run_id), unit.keys.names(np.unique(points.key).tolist()))

    def values(
        self,
        scope: Scope,
        uid: str,
        key: str | None = None,
        *,
        steps: tuple[int, int] | None = None,
        after: str | None = None,
        limit: int = VALUES_BOUND,
    ) -> Page[LoggedValue]:
        """A page of what was logged at a step and is no number: of one key, and of these steps (first, last), if given.

        They come by key and context, in the order in which these were first seen, then by step and row. A page ends
        early where the documents are long.

        Raises:
            NotFound: No such run.
            InvalidInput: `after` is no token of a page.
        """
        authorise(scope, Verb.READ, "run")
        place = FIRST if after is None else _place(after)
        limit = max(1, min(limit, VALUES_BOUND))
        found: list[LoggedValue] = []
        size = 0
        with self._store.read() as unit:
            run_id = unit.runs.get(scope, uid).id
            while True:
                some = unit.values.page(scope, run_id, key, place, VALUES_AT_ONCE, steps)
                for here, value in some:
                    size += len(value.document)
                    if found and (size > DOCUMENTS_BOUND or len(found) == limit):
                        return Page(found, ".".join(map(str, place)))
                    found.append(value)
                    place = here
                if len(some) < VALUES_AT_ONCE:
                    return Page(found)

    def value_keys(self, scope: Scope, uid: str) -> list[ValueKey]:
        """What kinds of values the run has under which keys, by key; at most `VALUES_BOUND`. Raises NotFound."""
        authorise(scope, Verb.READ, "run")
        with self._store.read() as unit:
            return unit.values.keys(unit.runs.get(scope, uid).id, VALUES_BOUND)

    def value_steps(
        self, scope: Scope, uid: str, key: str, *, low: int = LOWEST, limit: int = VALUES_BOUND
    ) -> tuple[list[int], int | None]:
        """The steps at which the run has values under a key, in order, from this one on; and where to go on.

        Raises NotFound.
        """
        authorise(scope, Verb.READ, "run")
        limit = max(1, min(limit, VALUES_BOUND))
        with self._store.read() as unit:
            found = unit.values.steps(scope, unit.runs.get(scope, uid).id, key, low, limit + 1)
        return found[:limit], found[limit] if len(found) > limit else None

    def within(self, scope: Scope, uid: str, context: Mapping[str, str]) -> list[LoggedValue]:
        """What was logged in this context and is no number; at most `VALUES_BOUND`. Raises NotFound."""
        authorise(scope, Verb.READ, "run")
        with self._store.read() as unit:
            return unit.values.within(scope, unit.runs.get(scope, uid).id, context, VALUES_BOUND)


def _place(token: str) -> tuple[int, int, int, int]:
    if re.fullmatch(r"\d{1,18}\.\d{1,18}\.-?\d{1,19}\.-?\d{1,19}", token, re.ASCII):
        key, context, step, row = map(int, token.split("."))
        if max(abs(step + 1), abs(row + 1)) < 1 << 63:
            return key, context, step, row
    raise InvalidInput(
        f"{token[:100]!r} is no token of a page", field="after", remedy="send the token of the page before"
    )


def _columns(span: Span, start: int, end: int) -> Columns:
    columns = span.columns()
    return columns if end - start == len(columns) else points_of(columns).take(slice(start, end))


def _numbered(outline: Outline, numbers: Ints) -> Points:
    """The points of these numbers, which are in order."""
    stops = ends(outline.spans)
    which = np.searchsorted(stops, numbers, "right")
    needed = np.unique(which).tolist()
    parts: list[Points] = []
    for at in range(0, len(needed), CHUNKS_AT_ONCE):
        some = needed[at : at + CHUNKS_AT_ONCE]
        outline.read([outline.spans[index] for index in some])
        for index in some:
            span = outline.spans[index]
            inside = numbers[which == index] - (int(stops[index]) - span.count)
            parts.append(points_of(span.columns()).take(inside))
            span.payload = None
    return concat(parts)


def _whole(spans: Sequence[Span], wanted: int, most: int) -> int:
    """The number up to which whole spans hold what is wanted, or `most` if that is less."""
    stops = ends(spans)
    at = int(np.searchsorted(stops, wanted, "left"))
    return min(most, int(stops[min(at, len(stops) - 1)])) if len(stops) else 0


def _too_many(total: int, remedy: str) -> InvalidInput:
    return InvalidInput(f"The history holds {total} points", field="max_results", bound=TIMED_BOUND, remedy=remedy)
