"""Use cases on what runs print."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from assay.core.console import LINE
from assay.core.scope import Scope, Verb
from assay.core.tracking import ConsoleLine, ConsolePage, Writer
from assay.ports.logged import PrintedLine
from assay.ports.store import UnitOfWork
from assay.services.base import Service, authorise, check_text
from assay.services.runs import KEY_BOUND, active
from assay.wire.errors import InvalidInput, TooLarge

LINES_BOUND = 10_000  # of a call and of a page
TEXT_BOUND = 16 << 20  # bytes of text of a call and of a page
SEARCHED_BOUND = 200_000  # lines that one call looks at
CONTAINS_BOUND = 1_000
LAST_US = (1 << 63) - 1


class ConsoleService(Service):
    """Append, read, follow."""

    def append(self, scope: Scope, uid: str, sender: Writer, lines: Sequence[ConsoleLine]) -> int:
        """The run printed these lines, each of which is one record of its writer; the writer's next number.

        Lines that were stored before are dropped.

        Raises:
            NotFound: No such run.
            NotActive: It is deleted.
            InvalidInput: A text, time or number is out of bounds.
            TooLarge: The lines are too long together.
            SequenceGap: Records before these are missing.
            Conflict: The run was rewound since the writer began.
        """
        authorise(scope, Verb.WRITE, "run")
        check_text("writer", sender.name, KEY_BOUND)
        check_text("stream", sender.stream, KEY_BOUND)
        _check(lines)

        def work(unit: UnitOfWork) -> int:
            run = active(unit.runs.lock(scope, uid))
            stored = unit.writers.stored(scope, run.id, sender, len(lines))
            if stored < len(lines):
                unit.console.append(run.id, sender, sender.first_seq + stored, lines[stored:])
            return unit.writers.reach(run.id, sender, len(lines))

        return self._store.write(work)

    def read(
        self, scope: Scope, uid: str, *, after: str | None = None, limit: int = LINES_BOUND, contains: str = ""
    ) -> ConsolePage:
        """A page of lines, those that contain a text if one is given; upper and lower case are the same then.

        Pages follow each other in the order in which lines came to the server, so that none comes before what was
        read; those of one page are in the order of (time, writer, number). A page ends early where its lines are long,
        or where many were looked at; then it has a `next_token`. `position` continues it in any case, also where
        nothing more has been printed yet.

        Raises:
            NotFound: No such run.
            InvalidInput: `after` is no token of a page, or the text is out of bounds.
        """
        authorise(scope, Verb.READ, "run")
        at, wanted = _position(after), check_text("contains", contains, CONTAINS_BOUND, blank=True).casefold()
        limit = max(1, min(limit, LINES_BOUND))
        found: list[PrintedLine] = []
        start, size = at, 0
        with self._store.read() as unit:
            lines = unit.console.after(unit.runs.get(scope, uid).id, at)
            for item in lines:
                if wanted and wanted not in item.line.text.casefold():
                    at = item.position + 1
                elif size + len(item.line.text) > TEXT_BOUND:
                    return _page(found, at, more=True)
                else:
                    found.append(item)
                    at, size = item.position + 1, size + len(item.line.text)
                if len(found) == limit or at - start >= SEARCHED_BOUND:
                    return _page(found, at, more=next(lines, None) is not None)
        return _page(found, at, more=False)

    def tail(self, scope: Scope, uid: str, limit: int = 1_000) -> ConsolePage:
        """The last lines of a run, and the position from which `read` follows them. Raises NotFound."""
        authorise(scope, Verb.READ, "run")
        found: list[PrintedLine] = []
        size = 0
        with self._store.read() as unit:
            run_id = unit.runs.get(scope, uid).id
            total = unit.console.total(run_id)
            for item in islice(unit.console.before(run_id, total), max(1, min(limit, LINES_BOUND))):
                size += len(item.line.text)
                if size > TEXT_BOUND:
                    break
                found.append(item)
        return _page(found[::-1], total, more=False)


def _check(lines: Sequence[ConsoleLine]) -> None:
    if len(lines) > LINES_BOUND:
        raise InvalidInput(
            f"There are {len(lines)} lines, more than {LINES_BOUND}",
            field="lines",
            bound=LINES_BOUND,
            remedy="send fewer lines at once",
        )
    total = 0
    for at, line in enumerate(lines):
        size = len(check_text(f"lines[{at}].text", line.text, LINE, blank=True).encode())
        if size > LINE:
            raise InvalidInput(
                f"lines[{at}].text has {size} bytes, more than {LINE}",
                field=f"lines[{at}].text",
                bound=LINE,
                remedy="cut the line in pieces",
            )
        total += size
        if not 0 <= line.time_us <= LAST_US:
            raise InvalidInput(
                f"lines[{at}].time_us is {line.time_us}",
                field=f"lines[{at}].time_us",
                bound=0 if line.time_us < 0 else LAST_US,
                remedy="send microseconds since 1970",
            )
    if total > TEXT_BOUND:
        raise TooLarge(
            f"The lines have {total} bytes, more than {TEXT_BOUND}",
            field="lines",
            bound=TEXT_BOUND,
            remedy="send fewer lines at once",
        )


def _position(token: str | None) -> int:
    if token is None:
        return 0
    if not (token.isascii() and token.isdecimal() and len(token) <= 18):
        raise InvalidInput(
            f"{token[:100]!r} is no position of a console", field="after", remedy="send the token of the page before"
        )
    return int(token)


def _page(found: list[PrintedLine], position: int, *, more: bool) -> ConsolePage:
    found.sort(key=lambda item: (item.line.time_us, item.writer, item.position))
    return ConsolePage([item.line for item in found], str(position) if more else None, str(position))
